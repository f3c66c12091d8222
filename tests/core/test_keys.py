"""Keys of the instance."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import LazySettings

from apps.core import keys


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: LazySettings) -> Path:
    """Keep the keys of these tests apart."""
    settings.DEX_SECRETS_DIR = tmp_path / "secrets"
    return tmp_path / "secrets"


class TestSecret:
    def test_is_made_once(self) -> None:
        assert keys.secret("one") == keys.secret("one")

    def test_is_readable_by_this_account_alone(self, folder: Path) -> None:
        keys.secret("one")

        assert stat.S_IMODE((folder / "one").stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_has_the_size_asked_for(self) -> None:
        assert len(keys.secret("small", 16)) == 16

    def test_differs_by_name(self) -> None:
        assert keys.secret("one") != keys.secret("two")

    def test_is_the_same_for_all_who_ask_at_once(self, folder: Path) -> None:
        def make(_number: int) -> bytes:
            keys._make(folder / "raced", 32)
            return (folder / "raced").read_bytes()

        with ThreadPoolExecutor(8) as pool:
            found = set(pool.map(make, range(32)))

        assert len(found) == 1
        assert [path.name for path in folder.iterdir()] == ["raced"]

    def test_is_refused_when_the_file_was_cut(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "cut").write_bytes(b"too short")

        with pytest.raises(RuntimeError, match="9 bytes instead of 32"):
            keys.secret("cut")


def test_a_signing_key_stays_the_same() -> None:
    one, other = keys.signing_key("signing"), keys.signing_key("signing")

    assert one.sign(b"text") == other.sign(b"text")


class TestRootInTheApplicationsFolder:
    def test_follows_no_link(self, settings: LazySettings, tmp_path: Path) -> None:
        settings.DEX_SECRETS_DIR = tmp_path
        (tmp_path / "elsewhere").write_bytes(b"x" * 32)
        (tmp_path / "linked").symlink_to(tmp_path / "elsewhere")

        with pytest.raises(OSError, match="linked"):
            keys.secret("linked")

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
    def test_makes_keys_that_the_application_can_read(
        self, settings: LazySettings, tmp_path: Path
    ) -> None:
        settings.DEX_SECRETS_DIR = tmp_path
        os.chown(tmp_path, 65534, 65534)

        keys.secret("mine")

        assert (tmp_path / "mine").stat().st_uid == 65534

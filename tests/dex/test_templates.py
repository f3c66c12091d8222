"""Templates of Unfold that we replace: an upgrade must not leave one of ours behind."""

from pathlib import Path

import pytest
import unfold

from dex import paths

OURS = paths.CODE / "templates"
THEIRS = Path(unfold.__file__).parent / "templates"
REPLACED = sorted(
    str(path.relative_to(OURS))
    for path in [*OURS.glob("unfold/**/*.html"), OURS / "admin" / "base.html"]
)


@pytest.mark.parametrize("name", REPLACED)
def test_replaces_a_template_that_unfold_still_has(name: str) -> None:
    assert (THEIRS / name).is_file()

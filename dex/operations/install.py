"""Make or refresh the virtual environment: `python3 -m dex.operations.install VENV LOCK...`.

Runs before anything is installed, so it imports nothing but the standard library.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from dex.operations import accounts
from dex.operations.accounts import Account
from dex.operations.problems import StartProblem

OLDEST = (3, 11)
MARK = ".fingerprint"
PROBE = "import ensurepip, sys; print(*sys.version_info[:2])"


def main(arguments: list[str]) -> None:
    """Install the locks into the environment, unless that is done already."""
    venv, locks = Path(arguments[0]).absolute(), [Path(name) for name in arguments[1:]]
    try:
        install(venv, locks)
    except StartProblem as problem:
        sys.exit(f"dex: {problem}")
    except KeyboardInterrupt:
        sys.exit(130)


def install(venv: Path, locks: list[Path]) -> None:
    """Make `venv` hold exactly what the locks name; quick when it does already.

    Raises:
        StartProblem: no fit Python, or pip fails.
    """
    wanted = fingerprint(locks)
    mark = venv / MARK
    if mark.is_file() and set(wanted) <= set(mark.read_text().split()):
        return
    if not (venv / "bin" / "python").exists():
        make_venv(venv)
    _say(f"Installing the packages of {', '.join(map(str, locks))} ...")
    options = ["--require-hashes", "--no-deps", "-qq", "--disable-pip-version-check"]
    files = [part for lock in locks for part in ("--requirement", str(lock))]
    _run([str(venv / "bin" / "python"), "-m", "pip", "install", *options, *files])
    mark.write_text("\n".join(wanted))


def make_venv(venv: Path) -> None:
    """Make the environment with a Python that the servers' account can execute."""
    if os.geteuid() == 0:  # it lies in DEX_HOME then
        venv.parent.mkdir(parents=True, exist_ok=True)
        venv.parent.chmod(0o711)
    python = find_python()
    _say(f"Making a virtual environment in {venv} with {python} ...")
    _run([python, "-m", "venv", "--clear", str(venv)])


def find_python() -> str:
    """Return a Python >= 3.11 with ensurepip that the servers' account can reach.

    Raises:
        StartProblem: there is none.
    """
    if found := next(fit_pythons(), None):
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _say("Installing python3-venv ...")
        _run(["apt-get", "update", "-qq"])
        _run(["apt-get", "install", "-y", "-qq", "python3-venv"])
        if found := next(fit_pythons(), None):
            return found
    raise StartProblem(
        "No Python 3.11 or newer was found that has the module `ensurepip` (on Debian: apt-get"
        " install python3-venv) and lies where every account can execute it."
    )


def fit_pythons() -> Iterator[str]:
    """Yield the fit interpreters, the system's own ones first for root."""
    names = ["python3", *(f"python3.{minor}" for minor in range(14, 10, -1))]
    system = [f"{folder}/{name}" for folder in ("/usr/bin", "/usr/local/bin") for name in names]
    ours = [sys.executable, *filter(None, (shutil.which(name) for name in names))]
    for python in [*system, *ours] if os.geteuid() == 0 else [*ours, *system]:
        if os.access(python, os.X_OK) and _is_reachable(python) and _is_fit(python):
            yield python


def fingerprint(locks: list[Path]) -> list[str]:
    """Return a digest of each lock."""
    return [hashlib.sha256(lock.read_bytes()).hexdigest() for lock in locks]


def _is_reachable(python: str) -> bool:
    """Return whether an account that owns nothing reaches the interpreter."""
    if os.geteuid() != 0:
        return True
    stranger = Account("stranger", 65_534, 65_534)
    return accounts.folder_in_the_way(Path(python), stranger) is None


def _is_fit(python: str) -> bool:
    done = subprocess.run([python, "-c", PROBE], capture_output=True, text=True, check=False)
    return done.returncode == 0 and tuple(map(int, done.stdout.split())) >= OLDEST


def _run(command: list[str]) -> None:
    if subprocess.run(command, check=False).returncode:
        raise StartProblem(f"This failed: {' '.join(command)}")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main(sys.argv[1:])

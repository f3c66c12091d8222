"""What the collector's code must never contain, and what it must never do."""

import ast
import socket
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

import dex_collector
from dex_collector.daemon import Daemon
from tests.collector.conftest import run
from tests.collector.fakes import FakeClock, FakeServer

PACKAGE = Path(dex_collector.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
# Command lines, environments and open files of processes; psutil's name() opens the first itself.
BANNED_NAMES = {"cmdline", "environ", "open_files", "process_iter"}
BANNED_PATHS = ("cmdline", "environ", "/fd")
DESCRIPTORS = "fd"  # one module asks them whether they are sockets, and never for a name
FORBIDDEN_IMPORTS = {"apps", "dex", "django", "psutil", "requests"}


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
class TestSource:
    @pytest.mark.case("collector.19")
    def test_reads_no_command_line_environment_or_open_file(self, module: Path) -> None:
        tree = ast.parse(module.read_text())

        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        texts = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and "\n" not in node.value
        ]

        assert names & BANNED_NAMES == set()
        assert [t for t in texts for path in BANNED_PATHS if t.endswith(path)] == []
        assert DESCRIPTORS not in texts or module.name == "socket_owners_linux.py"

    @pytest.mark.case("collector.19")
    def test_names_no_open_file(self, module: Path) -> None:
        asks_descriptors = module.name == "socket_owners_linux.py"

        assert not (asks_descriptors and "readlink" in module.read_text())

    def test_imports_nothing_of_the_server(self, module: Path) -> None:
        tree = ast.parse(module.read_text())

        imported = {
            alias.name for n in ast.walk(tree) if isinstance(n, ast.Import) for alias in n.names
        }
        imported |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}

        assert {name.partition(".")[0] for name in imported} & FORBIDDEN_IMPORTS == set()


class TestRunning:
    @pytest.mark.case("collector.19")
    def test_listens_on_no_socket_of_the_network(
        self,
        start: Callable[..., Daemon],
        server: FakeServer,
        clock: FakeClock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        listened = []
        listen = socket.socket.listen

        def watched(link: socket.socket, *backlog: int) -> None:
            listened.append(link.family)
            listen(link, *backlog)

        monkeypatch.setattr(socket.socket, "listen", watched)

        with tempfile.TemporaryDirectory(prefix="dex-") as folder:
            run(start(socket=Path(folder) / "collector.sock"), clock, seconds=330, every=10)

        assert server.bodies
        assert set(listened) == {socket.AF_UNIX}

    def test_starts_no_program(
        self,
        start: Callable[..., Daemon],
        clock: FakeClock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        started = []
        monkeypatch.setattr(
            subprocess.Popen, "__init__", lambda *args, **more: started.append(args)
        )

        run(start(), clock, seconds=330, every=10)

        assert started == []

"""HTTP to the server: certificates, plain text, proxies, interruption."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dex_collector import transport
from dex_collector.transport import CertificateError, NetworkError, Transport
from tests.collector.certificates import make_certificate


class Hello(BaseHTTPRequestHandler):
    """Answers every GET."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_an_answer_that_was_cut_off_is_none() -> None:
    class Half(Hello):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "200")
            self.end_headers()
            self.wfile.write(b"{}")

    server = ThreadingHTTPServer(("127.0.0.1", 0), Half)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    client = Transport(f"http://127.0.0.1:{server.server_address[1]}")

    with pytest.raises(NetworkError):
        client.request("GET", "check-in")

    server.shutdown()
    server.server_close()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return make_certificate(tmp_path / "server.pem")


@pytest.fixture
def https(certificate: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hello)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"https://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


class TestCertificates:
    def test_of_nobody_known_stop_all_sending(self, https: str) -> None:
        with pytest.raises(CertificateError, match="certificate is not accepted"):
            Transport(https).request("GET", "check-in")

    def test_of_a_pinned_authority_are_accepted(self, https: str, certificate: Path) -> None:
        answer = Transport(https, certificate).request("GET", "check-in")

        assert answer.status == 200


class TestAddresses:
    @pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://localhost", "http://[::1]:8000"])
    def test_plain_http_reaches_this_machine(self, url: str) -> None:
        assert Transport(url)

    @pytest.mark.parametrize(
        "url", ["http://10.0.0.1", "http://localhost.evil.example", "ftp://127.0.0.1", "dex", ""]
    )
    def test_refuses_everything_else(self, url: str) -> None:
        with pytest.raises(ValueError, match="https://"):
            Transport(url)


class TestProxy:
    def test_comes_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("https_proxy", "http://proxy.example:8080")
        monkeypatch.setenv("no_proxy", "inside.example")

        assert transport._proxy_for("dex.example") == ("proxy.example", 8080)
        assert transport._proxy_for("inside.example") is None
        assert transport._proxy_for("127.0.0.1") is None


class TestInterrupt:
    def test_ends_a_request_that_waits(self) -> None:
        silent = socket.create_server(("127.0.0.1", 0))
        made = Transport(f"http://127.0.0.1:{silent.getsockname()[1]}")
        threading.Timer(0.3, made.interrupt).start()
        started = time.monotonic()

        with pytest.raises(NetworkError):
            made.request("GET", "check-in")

        assert time.monotonic() - started < transport.TIMEOUT_SECONDS / 2
        silent.close()

"""HTTP to the server: one request, one answer, no redirects, no plain text beyond loopback."""

import contextlib
import http.client
import ipaddress
import json
import os
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dex_collector import __version__

TIMEOUT_SECONDS = 10
ANSWER_BYTES_MAXIMUM = 2_000_000


class NetworkError(Exception):
    """No answer came; the message is a sentence for people."""


class CertificateError(NetworkError):
    """The server could not prove who it is: nothing is sent."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes

    def json(self) -> dict[str, Any]:
        """Return the object in the body; anything unreadable is empty."""
        try:
            content = json.loads(self.body)
        except ValueError:
            return {}
        return content if isinstance(content, dict) else {}

    @property
    def code(self) -> str:
        """Return the code of a problem document, or ""."""
        return str(self.json().get("code") or "")


def is_loopback(host: str) -> bool:
    """Return whether a host name of a URL is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Transport:
    """Requests to one server. The connection stays open until `close`, to spare handshakes."""

    def __init__(self, server_url: str, ca_file: Path | None = None) -> None:
        """Check the URL.

        Raises:
            ValueError: not http(s), or plain http to another machine.
        """
        parts = urlsplit(server_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("the server's URL must begin with https://")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError("plain http is allowed to this machine only: use https://")
        self._host, self._is_tls = parts.hostname, parts.scheme == "https"
        self._port = parts.port or (443 if self._is_tls else 80)
        self._prefix = parts.path.rstrip("/") + "/collector/v1/"
        self._ca_file = ca_file
        self._connection: http.client.HTTPConnection | None = None
        self.traffic_bytes = 0  # sent and received by this object, without TLS and what is below

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request; `path` is relative to /collector/v1/.

        Raises:
            NetworkError: no whole answer came.
        """
        fields = {"User-Agent": f"dex-collector/{__version__}", "Accept": "application/json"}
        fields |= dict(headers or {})
        try:
            if self._connection is None:
                self._connection = self._connect()
            self._connection.request(method, self._prefix + path, body, fields)
            response = self._connection.getresponse()
            expected = response.length  # None: not announced
            content = response.read(ANSWER_BYTES_MAXIMUM)
            if expected is not None and len(content) < min(expected, ANSWER_BYTES_MAXIMUM):
                raise http.client.IncompleteRead(content)  # `read` with a size never raises it
            if response.will_close or response.read(1):
                self.close()
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise CertificateError(
                f"the server's certificate is not accepted: {error.verify_message}"
            ) from error
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise NetworkError(f"the server cannot be reached: {_reason(error)}") from error
        names = {name.lower(): value for name, value in response.getheaders()}
        headers_bytes = sum(len(name) + len(value) + 4 for name, value in names.items())
        headers_bytes += sum(len(name) + len(value) + 4 for name, value in fields.items())
        self.traffic_bytes += len(body or b"") + len(content) + headers_bytes
        return Answer(status=response.status, headers=names, body=content)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def interrupt(self) -> None:
        """Make a request under way fail at once: called by signal handlers."""
        sock = getattr(self._connection, "sock", None)
        if sock is not None:
            with contextlib.suppress(OSError):  # not connected any more
                sock.shutdown(socket.SHUT_RDWR)

    def _connect(self) -> http.client.HTTPConnection:
        if not self._is_tls:
            return http.client.HTTPConnection(self._host, self._port, timeout=TIMEOUT_SECONDS)
        context = ssl.create_default_context(cafile=self._ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        proxy = _proxy_for(self._host)
        if proxy is None:
            return http.client.HTTPSConnection(
                self._host, self._port, timeout=TIMEOUT_SECONDS, context=context
            )
        connection = http.client.HTTPSConnection(
            proxy[0], proxy[1], timeout=TIMEOUT_SECONDS, context=context
        )
        connection.set_tunnel(self._host, self._port)
        return connection


def _proxy_for(host: str) -> tuple[str, int] | None:
    """Return host and port of the proxy that the environment names for https, or None."""
    if not (os.getenv("https_proxy") or os.getenv("HTTPS_PROXY")) or is_loopback(host):
        return None
    import urllib.request  # half a megabyte, for proxies that few devices have

    url = urllib.request.getproxies_environment().get("https")
    if not url or urllib.request.proxy_bypass(host):
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    return (parts.hostname or "", parts.port or 3128)


def _reason(error: Exception) -> str:
    """Return what went wrong without addresses or quoted bytes."""
    number = getattr(error, "errno", None)
    if isinstance(number, int) and number > 0 and not isinstance(error, socket.gaierror):
        return os.strerror(number)
    if isinstance(error, socket.gaierror):
        return "its name is not known"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return type(error).__name__

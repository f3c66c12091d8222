"""The other side, as documented: a real HTTP server in a thread; and a clock that tests advance."""

import base64
import gzip
import json
import secrets
import ssl
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday
SECRET = "abcdefghijklmnopqrstuvwxyz"  # the half of the enrolment key that is sent
ENROLMENT_KEY = f"dexk-{SECRET}-aaaqeayeaudaocajbifqydiob4"  # fingerprint key 00..0f
COLLECTOR_KEY = bytes(range(32))

STANDARD = {
    "username": "clear", "upn": "none", "device_name": "clear", "focus_time": "off",
    "user_activity": "on", "wifi_identifiers": "off", "local_addresses": "on",
    "vpn_status": "on", "network_connections": "all", "destination_domains": "off",
    "public_ip_location": "none", "serial_numbers": "on", "local_admins": "on",
    "work_hours": "always", "user_groups": "listed", "session_events": "all",
    "session_network": "on", "virtual_session_metrics": "off", "binary_paths": "root_only",
    "packages": "on", "executions": "on", "web": "on", "campaigns": "on", "remote_actions": "on",
    "call_participants": "on",
}  # fmt: skip


class FakeClock:
    """Both clocks, moved by hand."""

    def __init__(self, now: datetime = NOON, monotonic: float = 100_000.0) -> None:
        self.zone: tzinfo | None = UTC
        self._now, self._monotonic = now, monotonic
        self._slept = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def awake(self) -> float | None:
        return self._monotonic - self._slept

    def sleep(self, seconds: float) -> None:
        """Advance as the clocks of a machine that is suspended."""
        self._slept += seconds
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds

    def set_wall(self, now: datetime) -> None:
        self._now = now


@dataclass
class Request:
    """What arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        plain = self.body
        if self.headers.get("content-encoding") == "gzip":
            plain = gzip.decompress(plain)
        return json.loads(plain) if plain else None


@dataclass
class Reply:
    """What is answered."""

    status: int
    content: Any = None
    headers: dict[str, str] = field(default_factory=dict)


def problem(status: int, code: str, **headers: str) -> Reply:
    """Return a problem document (RFC 9457)."""
    content = {"type": "about:blank", "title": code, "status": status, "code": code}
    return Reply(status, content, {name.replace("_", "-"): v for name, v in headers.items()})


class FakeServer:
    """One instance with its collectors. Scripted replies come before the documented ones."""

    def __init__(self, certificate: Path | None = None) -> None:
        """Serve at once; with a certificate, and its key, by TLS."""
        self.key = Ed25519PrivateKey.generate()
        self.instance = secrets.token_hex(8)
        self.switches = dict(STANDARD)
        self.work_hours: dict[str, Any] = {}
        self.lists = {"user_groups": ["docker", "sudo", "users"]}
        self.announced: list[dict[str, Any]] = []
        self.version = 1
        self.generation = 1
        self.send_now = False
        self.refuse_token = False
        self.collectors: dict[str, dict[str, Any]] = {}  # by public key
        self.batches: dict[tuple[str, int], bytes] = {}
        self.bodies: list[dict[str, Any]] = []  # of new batches, decoded
        self.requests: list[Request] = []
        self.scripted: dict[str, list[Reply]] = {}
        self.known_hashes: dict[str, str] = {}
        self.clock: FakeClock | None = None
        self.is_down = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self.url = f"https://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def script(self, path: str, *replies: Reply) -> None:
        """Answer the next requests to `path` so."""
        self.scripted.setdefault(path, []).extend(replies)

    def configure(self, **switches: str) -> None:
        """Change the configuration."""
        self.switches |= switches
        self.version += 1

    def calls(self, path: str) -> list[Request]:
        """Return the requests to one door."""
        return [request for request in self.requests if request.path == path]

    def records(self, kind: str) -> list[dict[str, Any]]:
        """Return all events of a kind that were stored."""
        return [e for body in self.bodies for e in body["events"] if e["kind"] == kind]

    def parts(self, name: str) -> list[dict[str, Any]]:
        """Return all inventory entries of a part that were stored."""
        return [p for body in self.bodies for p in body["inventory"] if p["part"] == name]

    def now(self) -> datetime:
        return self.clock.now() if self.clock else datetime.now(tz=UTC)

    def signed(self, collector_id: str) -> dict[str, str]:
        """Return the configuration for a collector."""
        document = json.dumps(
            {
                "instance": self.instance, "collector_id": collector_id, "version": self.version,
                "generation": self.generation,
                "preset": "custom", "switches": self.switches,
                "username_hash": {"key": base64.b64encode(COLLECTOR_KEY).decode(), "epoch": 0},
                "work_hours": self.work_hours, "lists": self.lists,
                "announced": self.announced, "issued_at": self.now().isoformat(),
            }
        )  # fmt: skip
        return self.sign("dex-configuration-v1", document)

    def sign(self, context: str, document: str) -> dict[str, str]:
        signature = self.key.sign(f"{context}\0{document}".encode())
        return {"document": document, "signature": base64.b64encode(signature).decode()}

    # The doors.

    def answer(self, request: Request) -> Reply:
        self.requests.append(request)
        if self.scripted.get(request.path):
            return self.scripted[request.path].pop(0)
        door = {"enrol": self._enrol, "token": self._token, "check-in": self._check_in}
        door["enrolment"] = self._leave
        return door.get(request.path, self._events)(request)

    def _enrol(self, request: Request) -> Reply:
        content = request.json()
        public_key = base64.b64decode(content["public_key"])
        if not verifies(public_key, b"dex-enrol-v1\0" + request.body, request.headers):
            return problem(403, "signature_invalid")
        is_known = content["public_key"] in self.collectors
        if not is_known and content["previous"] is not None:
            if not self._follows(content, public_key):
                return problem(403, "signature_invalid")
        elif not is_known and content["enrolment_key"] != SECRET:
            return problem(403, "enrolment_key_unknown")
        known = self.collectors.setdefault(
            content["public_key"],
            self._ids(len(self.collectors) + 1),
        )
        known["token"] = secrets.token_urlsafe(32)
        return Reply(200 if is_known else 201, self._welcome(known))

    def _ids(self, number: int) -> dict[str, Any]:
        return {"collector_id": f"collector-{number}", "device_id": f"device-{number}"}

    def _follows(self, content: dict[str, Any], public_key: bytes) -> bool:
        old = next(
            base64.b64decode(key)
            for key, one in self.collectors.items()
            if one["collector_id"] == content["previous"]["collector_id"]
        )
        message = b"dex-reenrol-v1\0" + public_key + content["install_id"].encode()
        return verifies(old, message, {"dex-signature": content["previous"]["signature"]})

    def _welcome(self, known: dict[str, Any]) -> dict[str, Any]:
        now = self.now()
        return {
            **known,
            "token_expires_at": (now + timedelta(days=30)).isoformat(),
            "server_time": now.isoformat(),
            "generation": self.generation,
            "instance": {
                "id": self.instance,
                "public_key": base64.b64encode(self.key.public_key().public_bytes_raw()).decode(),
            },
            "configuration": self.signed(known["collector_id"]),
            "receipt": self.sign("dex-receipt-v1", json.dumps({"id": known["collector_id"]})),
            "action_keys": [],
        }

    def _token(self, request: Request) -> Reply:
        content = request.json()
        if "nonce" not in content:
            return Reply(200, {"nonce": "n" * 22, "expires_in": 300})
        for key, known in self.collectors.items():
            message = b"dex-token-v1\0" + request.body
            if known["collector_id"] == content["collector_id"] and verifies(
                base64.b64decode(key), message, request.headers
            ):
                known["token"] = secrets.token_urlsafe(32)
                self.refuse_token = False
                return Reply(200, self._welcome(known))
        return problem(401, "collector_unknown")

    def _known(self, request: Request) -> dict[str, Any] | None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        found = [one for one in self.collectors.values() if one["token"] == token]
        return found[0] if found and not self.refuse_token else None

    def _check_in(self, request: Request) -> Reply:
        known = self._known(request)
        if known is None:
            return problem(401, "token_invalid")
        etag = f'"{self.version}-{self.generation}"'
        if not self.send_now and request.headers.get("if-none-match") == etag:
            return Reply(304, None, {"ETag": etag})
        content = {
            "configuration": self.signed(known["collector_id"]),
            "configuration_version": self.version,
            "generation": self.generation,
            "server_time": self.now().isoformat(),
            "send_now": self.send_now,
            "work": [],
        }
        return Reply(200, content, {"ETag": etag})

    def _leave(self, request: Request) -> Reply:
        is_known = request.method == "DELETE" and self._known(request) is not None
        return Reply(204) if is_known else problem(401, "token_invalid")

    def _events(self, request: Request) -> Reply:
        if self._known(request) is None:
            return problem(401, "token_invalid")
        content = request.json()
        identity = (content["epoch"], content["sequence"])
        if identity not in self.batches:
            self.batches[identity] = request.body
            self.bodies.append(content)
        answer = {
            "accepted": len(content["events"]),
            "refused": [],
            "server_time": self.now().isoformat(),
            "clock_offset_ms": 0,
            "configuration_version": self.version,
            "need_full": self._need_full(content),
        }
        return Reply(202, answer)

    def _need_full(self, content: dict[str, Any]) -> list[str]:
        needed = []
        for part in content["inventory"]:
            if part["full"] or self.known_hashes.get(part["part"]) == part["base"]:
                self.known_hashes[part["part"]] = part["hash"]
            else:
                needed.append(part["part"])
        return needed

    def _handler(fake) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                path = self.path.removeprefix("/collector/v1/")
                body = self.rfile.read(length)
                if fake.is_down:
                    self.close_connection = True
                    return
                reply = fake.answer(Request(self.command, path, headers, body))
                text = b"" if reply.content is None else json.dumps(reply.content).encode()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_POST = do_DELETE = do_GET

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


def verifies(public_key: bytes, message: bytes, headers: dict[str, str]) -> bool:
    """Return whether the Dex-Signature is right."""
    try:
        signature = base64.b64decode(headers.get("dex-signature", ""))
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True

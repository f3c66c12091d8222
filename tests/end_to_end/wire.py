"""A device that talks to a real server over HTTP, and does not give up."""

import base64
import gzip
import http.client
import json
import time
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.instances import wait_for

RETRY_SECONDS = 0.3
GIVE_UP_SECONDS = 60


@dataclass
class Device:
    """One device: enrols with a key and sends bodies until they are acknowledged."""

    port: int
    token: str = ""
    private_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    answers: list[int] = field(default_factory=list)  # status of each try; 0: no answer

    def enrol(self, key: str) -> None:
        """Enrol with the text of a key."""
        body = json.dumps(
            {
                "protocol": 1,
                "enrolment_key": key.strip().split("-")[1],
                "public_key": base64.b64encode(
                    self.private_key.public_key().public_bytes_raw()
                ).decode(),
                "install_id": "0" * 32,
                "platform": "linux",
                "host_name": "device",
            }
        ).encode()
        signature = base64.b64encode(self.private_key.sign(b"dex-enrol-v1\0" + body)).decode()
        status, text = self.request(
            "POST", "/collector/v1/enrol", body, {"Dex-Signature": signature}
        )
        assert status == 201, text
        self.token = json.loads(text)["token"]

    def deliver(self, body: bytes) -> dict[str, Any]:
        """Send a body until it is acknowledged; return the answer."""
        deadline = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < deadline:
            status, text = self.send(body)
            if status == 202:
                return dict(json.loads(text))
            assert status in (0, 500, 502, 503), f"{status}: {text!r}"
            wait_for(self.is_server_ready, GIVE_UP_SECONDS)
        raise AssertionError("The batch was never acknowledged.")

    def send(self, body: bytes) -> tuple[int, bytes]:
        """Send a body once; return status and text, 0 where no answer came."""
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
        }
        status, text = self.request("POST", "/collector/v1/events", gzip.compress(body), headers)
        self.answers.append(status)
        return status, text

    def is_server_ready(self) -> bool:
        """Return whether the server says that it can store; not counted by any limit."""
        time.sleep(RETRY_SECONDS)
        return self.request("GET", "/readyz", b"", {})[0] == 200

    def request(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        """Do one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()


def boots(epoch: str, sequence: int, number: int) -> bytes:
    """Return a batch of `number` boots, all within the last hours."""
    now = int(time.time())
    events = [
        {
            "kind": "device_performance.boots",
            "occurred_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 60 - n)),
            "fields": {"duration_ms": sequence},
        }
        for n in range(number)
    ]
    batch = {"protocol": 1, "epoch": epoch, "sequence": sequence, "events": events}
    return json.dumps(batch).encode()

"""Devices with a collector, and what they send."""

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rest_framework.test import APIClient

from apps.accounts.models import Account
from apps.collectors.choices import Level, Preset
from apps.collectors.models import Collector, CollectorConfiguration
from apps.collectors.services import configuration, enrolment
from apps.devices.models import Device
from apps.organization.models import Entity
from tests.conftest import NOW

EPOCH = "6f1c2a549d0e4b57"


def configure(preset: Preset = Preset.STANDARD, **values: str) -> CollectorConfiguration:
    """Put a preset in force on the whole instance, `values` differing from it."""
    from apps.collectors.switches import PRESETS

    if not values:
        return configuration.save_configuration(level=Level.INSTANCE, preset=preset, now=NOW)
    return configuration.save_configuration(
        level=Level.INSTANCE, preset=Preset.CUSTOM, values={**PRESETS[preset], **values}, now=NOW
    )


def ask_for_more(actor: Account) -> CollectorConfiguration | None:
    """Ask for the standard preset with focus time, and without local administrators at once."""
    from apps.collectors.forms import LEGAL_BASES
    from apps.collectors.services import changes
    from apps.collectors.switches import PRESETS

    return changes.change_configuration(
        level=Level.INSTANCE,
        preset=Preset.CUSTOM,
        values={**PRESETS[Preset.STANDARD], "focus_time": "on", "local_admins": "off"},
        legal_basis=LEGAL_BASES[0],
        purpose="dex",
        actor=actor,
        now=NOW,
    ).waiting


def make_key(now: datetime = NOW, **options: Any) -> str:
    """Return the text of a new enrolment key."""
    number = enrolment.EnrolmentKey.objects.count()
    return enrolment.create_key(name=f"key {number}", now=now, **options)[1]


@dataclass
class Machine:
    """A device as its collector acts: it holds the key pair, enrols and sends."""

    host_name: str = "ada-laptop"
    platform: str = "linux"
    fingerprints: dict[str, str | None] = field(
        default_factory=lambda: {"machine_id": "a" * 64, "serial": "b" * 64}
    )
    install_id: str = "0" * 32
    private_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    client: APIClient = field(default_factory=APIClient)
    sequence: int = 0

    @property
    def public_key(self) -> bytes:
        return self.private_key.public_key().public_bytes_raw()

    def enrolment_body(self, key: str | None, **changes: Any) -> dict[str, Any]:
        """Return the body of an enrolment."""
        return {
            "protocol": 1,
            "enrolment_key": key and key.split("-")[1],
            "public_key": base64.b64encode(self.public_key).decode(),
            "install_id": self.install_id,
            "fingerprints": self.fingerprints,
            "platform": self.platform,
            "collector_version": "0.1.0",
            "host_name": self.host_name,
            **changes,
        }

    def enrol(self, key: str | None, **changes: Any) -> Any:
        """Enrol, and use the token from then on."""
        response = self.signed(
            "/collector/v1/enrol", b"dex-enrol-v1\0", self.enrolment_body(key, **changes)
        )
        if response.status_code < 300:
            self.use(response.json()["token"])
        return response

    def signed(self, url: str, context: bytes, content: dict[str, Any]) -> Any:
        """Post a body signed by the device key."""
        body = json.dumps(content).encode()
        signature = base64.b64encode(self.private_key.sign(context + body)).decode()
        return self.client.post(
            url, body, content_type="application/json", headers={"Dex-Signature": signature}
        )

    def use(self, token: str) -> None:
        """Send this token from now on."""
        self.client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

    def check_in(self, **headers: str) -> Any:
        """Check in with the machine's fingerprints."""
        sent = {"Dex-Fingerprints": json.dumps(self.fingerprints), **headers}
        return self.client.get("/collector/v1/check-in", headers=sent)

    def batch(self, *events: dict[str, Any], **members: Any) -> dict[str, Any]:
        """Return the next batch."""
        self.sequence += 1
        return {
            "protocol": 1,
            "epoch": EPOCH,
            "sequence": self.sequence,
            "boot_id": "boot",
            "collector_version": "0.1.0",
            "events": list(events),
            **members,
        }

    def send(self, *events: dict[str, Any], **members: Any) -> Any:
        """Send the next batch."""
        return self.post(self.batch(*events, **members))

    def post(self, batch: dict[str, Any]) -> Any:
        """Post a batch at once: its clock is that of the request."""
        clock = batch.get("device_clock")
        headers = {"Dex-Device-Clock": clock} if isinstance(clock, str) else {}
        return self.client.post("/collector/v1/events", batch, format="json", headers=headers)


def make_machine(entity: Entity | None = None, **options: Any) -> Machine:
    """Return a machine that has enrolled under the standard preset, or under that in force."""
    if not CollectorConfiguration.objects.in_force().exists():
        configure()
    machine = Machine(**options)
    response = machine.enrol(make_key(entity=entity))
    assert response.status_code == 201, response.content
    return machine


def device_of(machine: Machine) -> Device:
    """Return the device of a machine."""
    return Device.objects.get(collector__public_key=machine.public_key)


def collector_of(machine: Machine) -> Collector:
    """Return the collector of a machine."""
    return Collector.objects.for_request().get(public_key=machine.public_key)


def boot(occurred_at: str = "2026-03-02T11:00:00Z", **fields: Any) -> dict[str, Any]:
    """Return one record of a boot."""
    return {"kind": "device_performance.boots", "occurred_at": occurred_at, "fields": fields}


def performance(bucket: str = "2026-03-02T11:55:00Z", **metrics: Any) -> dict[str, Any]:
    """Return one record of a performance bucket."""
    usage = {"sum": 4.0, "count": 10, "min": 0.1, "max": 0.9}
    return {
        "kind": "device_performance.events",
        "bucket": bucket,
        "bucket_s": 300,
        "metrics": metrics or {"normalized_cpu_usage_ratio": usage},
    }


def stop(name: str, occurred_at: str = "2026-03-02T11:00:00Z", **fields: Any) -> dict[str, Any]:
    """Return one record of a sleep, a system crash or a hard reset."""
    return {"kind": f"device_performance.{name}", "occurred_at": occurred_at, "fields": fields}


def collector_event(
    type_: str, occurred_at: str = "2026-03-02T11:00:00Z", **fields: Any
) -> dict[str, Any]:
    """Return one record of a collector about itself."""
    return {
        "kind": "collector.events",
        "occurred_at": occurred_at,
        "fields": {"type": type_, **fields},
    }


def connectivity(bucket: str = "2026-03-02T11:55:00Z", **fields: Any) -> dict[str, Any]:
    """Return one record of a network bucket."""
    signal = {"sum": -600.0, "count": 10, "min": -65.0, "max": -55.0}
    return {
        "kind": "connectivity.events",
        "bucket": bucket,
        "bucket_s": 300,
        "fields": fields,
        "metrics": {"wifi_signal_strength_dbm": signal, "connected_duration_ms": {"sum": 300_000}},
    }


def execution(
    bucket: str = "2026-03-02T11:30:00Z", user: int | None = 1, **metrics: Any
) -> dict[str, Any]:
    """Return one record of a program's quarter of an hour."""
    record = {
        "kind": "execution.events",
        "bucket": bucket,
        "bucket_s": 900,
        "binary": 7,
        "metrics": metrics or {"cpu_time_ms": {"sum": 1_500}},
    }
    return record if user is None else {**record, "user": user}


def login(
    occurred_at: str = "2026-03-02T08:00:00Z", user: int = 1, **fields: Any
) -> dict[str, Any]:
    """Return one record of a login."""
    return {"kind": "session.logins", "occurred_at": occurred_at, "user": user, "fields": fields}


ADA_ROSSI = {"1": {"name": "CORP\\a.rossi", "type": "domain_user"}}
SOFFICE = {"7": {"name": "soffice.bin", "version": "24.2"}}

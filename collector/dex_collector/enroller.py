"""Enrols this machine: with a key, by the device's old key, or again after a lost answer."""

import base64
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dex_collector import enrolment, private_files
from dex_collector.clock import to_text
from dex_collector.configuration import ConfigurationRefused, ConfigurationStore
from dex_collector.fingerprints import read_fingerprints
from dex_collector.identity import Identity, parse_enrolment_key
from dex_collector.journal import facts
from dex_collector.link import ENROL_ANEW_CODES, Erased, Link
from dex_collector.spool import Spool
from dex_collector.transport import Answer, NetworkError
from dex_collector.users import read_host_name, shown_device_name

logger = logging.getLogger(__name__)

FORBIDDEN_RETRY_SECONDS = 900.0  # a wrong key is tried once in 15 min at most
SENTENCES = {
    "enrolment_key_unknown": "the server does not know this enrolment key",
    "enrolment_key_expired": "this enrolment key has expired",
    "enrolment_key_exhausted": "this enrolment key was used as often as it may be",
    "enrolment_key_revoked": "this enrolment key was revoked",
    "enrolment_key_inactive": "enrolment keys are inactive until the server's configuration is confirmed",
    "key_pair_used": "this key pair has reported before; a new one is made",
    "wrong_platform": "this enrolment key is for another platform",
    "signature_invalid": "the server could not verify this device's signature",
}


class NoEnrolmentKey(Exception):
    """There is neither an identity nor an enrolment key."""


class Enroller:
    """Brings a link without an accepted identity to one with it."""

    def __init__(
        self,
        link: Link,
        spool: Spool,
        configuration: ConfigurationStore,
        root: Path,
        key_file: Path | None,
    ) -> None:
        self._link, self._spool, self._configuration = link, spool, configuration
        self._root, self._key_file = root, key_file

    def prepare(self) -> None:
        """Use or erase the key file before the first step.

        A key given to a refused collector replaces its identity; one given to an enrolled
        collector was used already, or never needed.

        Raises:
            NoEnrolmentKey: neither identity nor key.
            ValueError: the key is damaged.
        """
        identity = self._link.identity
        key = self._read_key()
        fingerprint_key = None if key is None else parse_enrolment_key(key)[1]
        if identity is not None and identity.is_enrolled and not (identity.is_refused and key):
            self._erase_key()
        elif fingerprint_key is not None:
            if identity is None:
                self._link.identity = Identity.make(fingerprint_key)
            elif identity.is_enrolled:
                self._link.follow(Identity.make(fingerprint_key))
        elif identity is not None and identity.previous is None and self._link.is_following:
            self._link.return_to_kept()  # the key with which it asked is gone
        elif identity is None or identity.previous is None:
            raise NoEnrolmentKey

    def try_to_enrol(self) -> bool:
        """Ask once; return whether this collector is enrolled now."""
        identity, secret = self._candidate()
        clock, patience = self._link.clock, self._link.patience
        candidate = enrolment.Candidate(
            identity=identity,
            enrolment_key=secret,
            platform="linux",
            host_name=self._host_name(),
        )
        self._link.save_candidate(identity)
        try:
            answer = enrolment.ask_to_enrol(self._link.transport, candidate)
        except NetworkError as error:
            patience.fail(clock.monotonic(), str(error))
            return False
        finally:
            self._link.transport.close()
        if answer.status in {200, 201}:
            return self._accept(identity, answer.json())
        if answer.status == 410:
            raise Erased
        if not self._link.postpones(answer):
            self._be_turned_away(identity, secret, answer)
        return False

    def _host_name(self) -> str:
        """Return the host name as the configuration allows it: before the first one, none.

        The inventory, which follows at once, tells it.
        """
        return shown_device_name(read_host_name(self._root), self._configuration.current) or ""

    def _candidate(self) -> tuple[Identity, str | None]:
        identity, key = self._link.identity, self._read_key()
        if identity is None:
            raise NoEnrolmentKey
        secret = None
        if key is not None:  # it may have been replaced since the last try
            secret, fingerprint_key = parse_enrolment_key(key)
            identity.previous = identity.receipt = None  # the key says enough
            identity.fingerprint_key = base64.b64encode(fingerprint_key).decode()
        identity.fingerprints = read_fingerprints(self._root, identity.fingerprint_key_bytes())
        return identity, secret

    def _accept(self, identity: Identity, content: Mapping[str, Any]) -> bool:
        clock = self._link.clock
        try:
            enrolment.apply_enrolment(identity, content, clock.now())
        except ValueError as error:
            self._link.patience.fail(clock.monotonic(), str(error))
            return False
        boot_id = str(self._spool.read("boot_id"))
        self._spool.empty()  # a new device has no history
        self._spool.begin_epoch(boot_id)
        self._spool.write("generation", content.get("generation"))
        self._spool.write("enrolled_at", to_text(clock.now()))
        self._link.accept(identity)  # after the spool: rows of before never get its name
        self._erase_key()
        self._link.patience.succeed()
        self._take_configuration(identity, content.get("configuration"))
        logger.info(
            "Enrolled",
            extra=facts(collector=identity.collector_id, device=identity.device_id),
        )
        return True

    def _take_configuration(self, identity: Identity, signed: Any) -> None:
        self._configuration.forget()
        if not isinstance(signed, dict):
            return
        try:
            self._configuration.replace(signed, identity)
        except ConfigurationRefused as error:
            self._spool.count("configurations_refused")
            logger.error("Configuration refused", extra=facts(reason=str(error)))

    def _be_turned_away(self, identity: Identity, secret: str | None, answer: Answer) -> None:
        """Go back to the identity that was kept, or try again later, with a new key pair if need be."""
        kept = self._link.kept if self._link.is_following else None
        if secret is None and kept is not None and identity.reason in ENROL_ANEW_CODES:
            self._link.return_to_kept()
            self._link.be_refused(answer.code)
            return
        self._explain(answer)
        if answer.code == "key_pair_used" and (secret or kept):
            key = identity.fingerprint_key_bytes()
            anew = Identity.make(key, follows=None if secret else kept)
            anew.reason = identity.reason
            self._link.save_candidate(anew)
            self._link.identity = anew

    def _explain(self, answer: Answer) -> None:
        code = answer.code or str(answer.status)
        sentence = SENTENCES.get(code, f"the server refuses the enrolment ({code})")
        self._link.patience.wait(
            self._link.clock.monotonic(), FORBIDDEN_RETRY_SECONDS, f"not enrolled: {sentence}"
        )
        logger.error("Not enrolled: %s", sentence, extra=facts(code=code))

    def _read_key(self) -> str | None:
        return None if self._key_file is None else enrolment.read_key_file(self._key_file)

    def _erase_key(self) -> None:
        if self._key_file is not None and self._key_file.exists():
            private_files.erase(self._key_file)
            logger.info("Enrolment key erased")

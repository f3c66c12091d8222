"""The link to the server: every request with a token goes through here."""

import logging
from collections.abc import Callable
from functools import partial

from dex_collector import enrolment
from dex_collector.clock import Clock, from_text, to_text
from dex_collector.identity import Identity, IdentityStore
from dex_collector.journal import facts
from dex_collector.notify import ALIVE, notify
from dex_collector.patience import Patience
from dex_collector.transport import Answer, NetworkError, Transport

logger = logging.getLogger(__name__)

REFUSED_RETRY_SECONDS = 6 * 3600.0
# The key is good, but what hangs on it is gone: enrol again at once, without anybody's help.
ENROL_ANEW_CODES = {"device_expired", "collector_unknown"}

REFUSALS = {
    "collector_revoked": "an administrator has revoked this collector",
    "signature_invalid": "the server could not verify this device's signature",
    "collector_unknown": "the server does not know this collector",
}


class EnrolAnew(Exception):
    """This identity has to be followed by a new one, which it authenticates."""


class Erased(Exception):
    """The device was erased or the collector removed: stop and empty the spool."""


class Link:
    """Identity, token and transport. An answer that only says `later` or `renew` ends here."""

    def __init__(
        self, store: IdentityStore, transport: Transport, clock: Clock, patience: Patience
    ) -> None:
        self.store, self.transport, self.clock, self.patience = store, transport, clock, patience
        stored = store.load()
        self.identity: Identity | None = store.load_follower() or stored
        # Once accepted: in use, or kept while a follower asks.
        self.kept = stored if stored is not None and stored.is_enrolled else None
        self.round_trip_ms: int | None = None

    @property
    def is_following(self) -> bool:
        """Return whether an identity asks to be accepted in place of one that is kept."""
        return self.kept is not None and self.identity is not self.kept

    def follow(self, follower: Identity) -> None:
        """Ask with another identity from now on; the one in use stays until it is accepted."""
        self.store.save_follower(follower)
        if self.identity is not None and self.identity.is_enrolled:
            self.kept = self.identity
        self.identity = follower

    def save_candidate(self, candidate: Identity) -> None:
        """Store an identity before it asks: a lost answer costs no second use."""
        if self.is_following:
            self.store.save_follower(candidate)
        else:
            self.store.save(candidate)

    def accept(self, identity: Identity) -> None:
        """Use an identity that a server has accepted."""
        if self.is_following:
            self.store.accept(identity, self.clock.now())
        else:
            self.store.save(identity)
        self.kept = self.identity = identity

    def return_to_kept(self) -> None:
        """Use the identity of before again: its follower is not accepted."""
        self.store.drop_follower()
        self.identity = self.kept

    @property
    def enrolled(self) -> Identity:
        """Return the identity of an enrolled collector."""
        if self.identity is None or not self.identity.is_enrolled:
            raise RuntimeError("not enrolled")
        return self.identity

    def exchange(self, send: Callable[[Identity], Answer]) -> Answer | None:
        """Return an answer that the caller has to treat, or None: keep everything, try later.

        Raises:
            EnrolAnew: 409 identity_conflict, or the key outlived what hung on it.
            Erased: 410.
        """
        notify(ALIVE)  # a turn of many slow answers is no hang
        answer = self._timed(send)
        if answer is not None and answer.status == 401:
            answer = self._timed(send) if self._renew() else None
            if answer is not None and answer.status == 401:
                self.be_refused(answer.code)
                return None
        return None if answer is None else self._judged(answer)

    def renew_if_due(self) -> None:
        """Renew the token after half of its life."""
        due = self.enrolled.token_renew_at
        if self.enrolled.token is None or due is None or self.clock.now() >= from_text(due):
            self._renew()

    def _timed(self, send: Callable[[Identity], Answer]) -> Answer | None:
        started = self.clock.monotonic()
        try:
            answer = send(self.enrolled)
        except NetworkError as error:
            self.patience.fail(self.clock.monotonic(), str(error))
            return None
        self.round_trip_ms = round((self.clock.monotonic() - started) * 1000)
        return answer

    def _judged(self, answer: Answer) -> Answer | None:
        """Return the answer if it says something about the request itself."""
        if answer.status == 409 and answer.code == "identity_conflict":
            raise EnrolAnew("identity_conflict")
        if answer.status == 410:
            raise Erased
        if self.postpones(answer):
            return None
        self.patience.succeed()
        if self.enrolled.is_refused:
            self.enrolled.refused_at = None
            self.store.save(self.enrolled)
        return answer

    def postpones(self, answer: Answer) -> bool:
        """Return whether an answer only means `later`, and wait accordingly."""
        monotonic = self.clock.monotonic()
        if answer.status in {429, 503}:
            reason = f"the server is busy ({answer.status})"
            retry_after = answer.headers.get("retry-after", "")
            self.patience.obey(monotonic, self.clock.now(), retry_after, reason)
        elif answer.status == 408 or answer.status >= 500:
            self.patience.fail(monotonic, f"the server has a fault ({answer.status})")
        elif 300 <= answer.status < 400 and answer.status != 304:
            self.patience.fail(
                monotonic, "the server points to another address, which is never followed"
            )
        else:
            return False
        return True

    def _renew(self) -> bool:
        """Fetch a new token, signed with the device key over a number from the server."""
        answer = self._ask_for_token()
        if answer is not None and answer.status == 401 and answer.code == "nonce_invalid":
            answer = self._ask_for_token()  # the number had grown too old on the way
        if answer is None or not self._is_granted(answer):
            return False
        try:
            enrolment.take_token(self.enrolled, answer.json(), self.clock.now())
        except KeyError:
            self.patience.fail(self.clock.monotonic(), "the server sent no token")
            return False
        self.store.save(self.enrolled)
        logger.info("Token renewed")
        return True

    def _ask_for_token(self) -> Answer | None:
        """Return the answer to a renewal, or None if even the number was not granted."""
        asked = self._timed(partial(enrolment.ask_for_nonce, self.transport))
        if asked is None or not self._is_granted(asked):
            return None
        nonce = str(asked.json().get("nonce") or "")
        return self._timed(partial(enrolment.ask_for_token, self.transport, nonce=nonce))

    def _is_granted(self, answer: Answer) -> bool:
        if answer.status == 200:
            return True
        if answer.status == 410:
            raise Erased
        if answer.status == 401 and answer.code in ENROL_ANEW_CODES:
            raise EnrolAnew(answer.code)
        if not self.postpones(answer):
            self.be_refused(answer.code)
        return False

    def be_refused(self, code: str) -> None:
        """Become `unenrolled`: measure for a day, ask again every 6 h."""
        logger.error("The server does not accept this collector", extra=facts(code=code))
        self.enrolled.refused_at = self.enrolled.refused_at or to_text(self.clock.now())
        self.patience.wait(
            self.clock.monotonic(),
            REFUSED_RETRY_SECONDS,
            f"{REFUSALS.get(code, f'the server does not accept this collector ({code or 401})')};"
            " it measures for 24 hours and asks again every 6, or give it a new enrolment key",
        )
        self.store.save(self.enrolled)

"""What terms are allowed, and which class may not outlive which."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.core.errors import DomainError
from apps.gdpr.choices import RetentionClass

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MONTHS_13 = 396  # days
NOTHING_STAYS = _("nothing")
Terms = Mapping[RetentionClass, timedelta]


@dataclass(frozen=True, slots=True)
class Rule:
    """What one class holds and how long it may.

    numbers: the shipped term, then the least and greatest one, in `unit`.
    allowed: the only terms there are, where these are few.
    within: the class whose term this one may not pass.
    leaves: what stays behind the rows that go.
    """

    name: RetentionClass
    holds: str | Promise
    numbers: tuple[int, int, int]
    unit: timedelta = DAY
    allowed: tuple[int, ...] = ()
    within: RetentionClass | None = None
    leaves: str | Promise = NOTHING_STAYS

    @property
    def default(self) -> timedelta:
        """Return the shipped term."""
        return self.numbers[0] * self.unit

    def allows(self, term: timedelta) -> bool:
        """Return whether the class may be kept so long, whatever the others are."""
        number, rest = divmod(term, self.unit)
        _shipped, least, greatest = self.numbers
        if rest:
            return False
        return number in self.allowed if self.allowed else least <= number <= greatest


class OutOfRange(DomainError):
    """A term that its class may not have."""

    code = "retention_out_of_range"
    status = 422


class Conflict(DomainError):
    """Two terms that contradict each other."""

    code = "retention_conflict"
    status = 422


RULES: Mapping[RetentionClass, Rule] = {
    rule.name: rule
    for rule in (
        Rule(
            RetentionClass.INVENTORY,
            _("Devices, users, packages and what hangs on them, after their last activity."),
            (90, 30, 365),
            allowed=(30, 60, 90, 180, 365),
            leaves=_("a stub of the collector; figures without a person"),
        ),
        Rule(
            RetentionClass.STUB,
            _("Id, public key and state of collectors whose device is gone."),
            (400, 90, 400),
        ),
        Rule(
            RetentionClass.OPERATIONAL,
            _("Single events, sessions, counts of records that were not stored."),
            (30, 1, 365),
            within=RetentionClass.INVENTORY,
        ),
        Rule(
            RetentionClass.HIGHRES,
            _("Rows of 5 and 15 minutes."),
            (30, 1, 365),
            within=RetentionClass.OPERATIONAL,
            leaves=_("daily figures"),
        ),
        Rule(
            RetentionClass.HIGHRES_DETAIL,
            _("Rows of 15 minutes about programs and connections."),
            (14, 1, 30),
            within=RetentionClass.OPERATIONAL,
            leaves=_("daily figures"),
        ),
        Rule(
            RetentionClass.REALTIME,
            _("Rows of 30 seconds about virtual sessions."),
            (48, 1, 48),
            unit=HOUR,
            leaves=_("rows of 5 minutes"),
        ),
        Rule(
            RetentionClass.DAILY,
            _("Daily figures of devices and programs; never longer than their device."),
            (MONTHS_13, 30, MONTHS_13),
        ),
        Rule(
            RetentionClass.DAILY_PERSON,
            _(
                "Whose daily figures they are; and on one person's device, the person's own activity."
            ),
            (90, 30, MONTHS_13),
            within=RetentionClass.DAILY,
            leaves=_("daily figures without a person"),
        ),
        Rule(
            RetentionClass.SECURITY,
            _("Sealed days of the audit log."),
            (180, 180, 365),
            leaves=_("signed marks of the chain"),
        ),
        Rule(
            RetentionClass.LOGS,
            _("Log files of the processes, database and broker, by day; without bodies and names."),
            (180, 1, 180),
        ),
    )
}


def check(terms: Terms) -> None:
    """Check the whole set: each class alone, then each against the one that bounds it.

    Raises:
        OutOfRange, Conflict: the message names the rule.
    """
    for name, term in terms.items():
        if not RULES[name].allows(term):
            raise OutOfRange(message=_out_of_range(RULES[name]), pointer=f"/{name}")
    for name, term in terms.items():
        bound = RULES[name].within
        if bound is not None and term > terms[bound]:
            text = _("“%(class)s” may not be kept longer than “%(bound)s”.")
            words = {"class": name.label, "bound": bound.label}
            raise Conflict(message=text % words, pointer=f"/{name}")


def term_text(term: timedelta) -> str:
    """Return a term in words: whole days, a short one in hours."""
    days, rest = divmod(term, DAY)
    if rest or days < 3:
        hours = term // HOUR
        return ngettext("%d hour", "%d hours", hours) % hours
    return ngettext("%d day", "%d days", days) % days


def range_text(rule: Rule) -> str:
    """Return the allowed terms in words."""
    unit = _("hours") if rule.unit == HOUR else _("days")
    if rule.allowed:
        return f"{', '.join(map(str, rule.allowed))} {unit}"
    return f"{rule.numbers[1]}–{rule.numbers[2]} {unit}"  # noqa: RUF001


def _out_of_range(rule: Rule) -> str:
    text = _("“%(class)s” may be kept: %(range)s.")
    return str(text % {"class": rule.name.label, "range": range_text(rule)})

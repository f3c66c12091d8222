"""Words about users and sessions, as badges."""

from django.utils.html import format_html_join

from apps.core.admin.values import badge
from apps.core.formats import NOTHING
from apps.users.choices import NamePrivacyLevel, Rights, SessionState, UserType
from apps.users.models import Session, User

NAME_TONES = {NamePrivacyLevel.CLEAR: "info", NamePrivacyLevel.HASHED: "success"}
RIGHTS_TONES = {Rights.ADMINISTRATOR: "warning", Rights.POWER_USER: "info"}
STATE_TONES = {SessionState.ACTIVE: "success", SessionState.LOCKED: "info"}


def type_text(user: User) -> str:
    """Return where an account belongs."""
    return str(UserType(user.type).label)


def name_badge(user: User) -> str:
    """Return what the name of a user holds."""
    level = NamePrivacyLevel(user.name_privacy_level)
    return badge(level.label, NAME_TONES.get(level, ""))


def state_badge(session: Session) -> str:
    """Return what a session is doing."""
    state = SessionState(session.state)
    return badge(state.label, STATE_TONES.get(state, ""))


def rights_badge(rights: str) -> str:
    """Return which rights somebody holds; a dash where they are hidden or nobody told."""
    if rights not in Rights.values or rights == Rights.UNKNOWN:
        return NOTHING
    return badge(Rights(rights).label, RIGHTS_TONES.get(Rights(rights), ""))


def group_badges(groups: list[str] | str) -> str:
    """Return groups, a dash for none."""
    return format_html_join(" ", "{}", ((badge(name),) for name in groups)) or NOTHING

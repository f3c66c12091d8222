"""Groups and rights of users: which groups a configuration lets in, which rights are the most."""

import re
from collections.abc import Sequence

from apps.events.policy import Policy
from apps.users.choices import Rights

BUILT_IN_DOMAIN = "builtin\\"  # as Windows writes its own groups
BUILT_IN_SID = re.compile(r"s-1-5-32-[0-9]{1,10}")  # the same in every language

ORDER: Sequence[Rights] = (
    Rights.UNKNOWN,
    Rights.STANDARD,
    Rights.POWER_USER,
    Rights.ADMINISTRATOR,
)


def permitted_groups(groups: Sequence[str] | str, policy: Policy) -> list[str]:
    """Return the groups that the switch `user_groups` lets in: all, the listed ones, or none.

    Groups that come with an operating system are on every list (`collectors.groups`).
    """
    allowed = policy.value("user_groups")
    if allowed == "all":
        return list(groups)
    if allowed != "listed":
        return []
    return [name for name in groups if _is_listed(name.lower(), policy)]


def _is_listed(name: str, policy: Policy) -> bool:
    short = name.removeprefix(BUILT_IN_DOMAIN)
    return BUILT_IN_SID.fullmatch(name) is not None or bool(
        {name, short} & policy.listed("user_groups")
    )

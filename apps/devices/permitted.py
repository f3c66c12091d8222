"""Types of the protocol, and in which form names and paths may be kept."""

import re
from typing import Annotated

import msgspec

from apps.devices.versions import version_key
from apps.events.policy import Policy

Text = Annotated[str, msgspec.Meta(max_length=255)]
ShortText = Annotated[str, msgspec.Meta(max_length=64)]
Number = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]

HASHED_NAME = re.compile(r"h:[0-9a-f]{32}")
# Folders of people are named after them, wherever those of homes are mounted or exported.
PERSONAL_FOLDER = re.compile(
    r"(^(?:/media|/run/media|/run/user)/+"
    r"|(?:^|[/\\])(?:home|users|documents and settings)[/\\]+)[^/\\]+",
    re.IGNORECASE,
)
# Parts of a directory's path that name no machine.
DIRECTORY_UNIT = re.compile(r"(?:OU|DC)=[^,\\]*", re.IGNORECASE)
# Accounts and groups that come with an operating system: they name nobody.
BUILT_IN = frozenset(
    {
        "admin",
        "administrator",
        "administrators",
        "builtin\\administrators",
        "domain admins",
        "enterprise admins",
        "root",
        "sudo",
        "wheel",
    }
)


def permitted_name(name: str, policy: Policy) -> str:
    """Return a host name in the form that the switch `device_name` allows, else ""."""
    if policy.value("device_name") == "clear":
        return name
    return name if HASHED_NAME.fullmatch(name) else ""


def permitted_path(path: str, policy: Policy) -> str:
    """Return a path without the name of a person, unless the switch `username` allows it."""
    if policy.value("username") == "clear":
        return path
    return PERSONAL_FOLDER.sub(r"\1~", path)


def permitted_directory_path(path: str, policy: Policy) -> str:
    """Return a directory's path without the machine's name, unless `device_name` allows it."""
    if policy.value("device_name") == "clear":
        return path
    return ",".join(unit for unit in path.split(",") if DIRECTORY_UNIT.fullmatch(unit.strip()))


def permitted_admin(name: str, policy: Policy) -> str:
    """Return an account or group in the form that the switch `username` allows, else ""."""
    allowed = policy.value("username")
    if allowed == "clear" or name.lower() in BUILT_IN:
        return name
    return name if allowed == "hashed" and HASHED_NAME.fullmatch(name) else ""


def version_columns(column: str, text: str | None) -> dict[str, object]:
    """Return the text of a version, and the numbers to sort it by."""
    return {column: text or "", f"{column}_key": version_key(text) if text else None}

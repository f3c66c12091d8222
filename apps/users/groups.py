"""Groups and rights of users: which groups a configuration lets in, which rights are the most."""

from collections.abc import Iterable, Sequence

from apps.events.policy import Policy
from apps.users.choices import Rights

# Sources: Windows "Default local groups" (English names), groups(5) of Debian, Ubuntu, Fedora and
# SUSE base systems, macOS "dscl . list /Groups". They say what an account may do, not who it is.
WINDOWS = frozenset(
    {
        "access control assistance operators",
        "administrators",
        "backup operators",
        "cryptographic operators",
        "device owners",
        "distributed com users",
        "event log readers",
        "guests",
        "hyper-v administrators",
        "iis_iusrs",
        "network configuration operators",
        "performance log users",
        "performance monitor users",
        "power users",
        "print operators",
        "remote desktop users",
        "remote management users",
        "replicator",
        "system managed accounts group",
        "users",
    }
)
LINUX = frozenset(
    {
        "adm",
        "audio",
        "bluetooth",
        "cdrom",
        "dialout",
        "dip",
        "disk",
        "docker",
        "floppy",
        "input",
        "kvm",
        "libvirt",
        "lp",
        "lpadmin",
        "lxd",
        "netdev",
        "plugdev",
        "render",
        "root",
        "sambashare",
        "scanner",
        "staff",
        "sudo",
        "systemd-journal",
        "tape",
        "users",
        "video",
        "wheel",
    }
)
MACOS = frozenset({"_developer", "_lpadmin", "_lpoperator", "admin", "everyone", "staff", "wheel"})
BUILT_IN = WINDOWS | LINUX | MACOS
BUILT_IN_DOMAIN = "builtin\\"
BUILT_IN_SID = "s-1-5-32-"  # the domain of built-in groups, whatever their name in a language

ORDER: Sequence[Rights] = (
    Rights.UNKNOWN,
    Rights.STANDARD,
    Rights.POWER_USER,
    Rights.ADMINISTRATOR,
)


def permitted_groups(groups: Sequence[str] | str, policy: Policy) -> list[str]:
    """Return the groups that the switch `user_groups` lets in: all, the listed ones, or none."""
    allowed = policy.value("user_groups")
    if allowed == "all":
        return list(groups)
    if allowed != "listed":
        return []
    listed = {name.lower() for name in listed_groups(policy)}
    return [name for name in groups if is_built_in(name) or name.lower() in listed]


def listed_groups(policy: Policy) -> Iterable[str]:
    """Return the administrator's list."""
    return policy.listed("user_groups")


def is_built_in(name: str) -> bool:
    """Return whether a group comes with an operating system."""
    short = name.lower().removeprefix(BUILT_IN_DOMAIN)
    return short in BUILT_IN or short.startswith(BUILT_IN_SID)

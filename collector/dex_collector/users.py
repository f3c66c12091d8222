"""Names of people: cleaned, and hashed or left out, before anything is written."""

import hashlib
import hmac
import pwd
import re
import unicodedata
from functools import cached_property
from pathlib import Path

from dex_collector.configuration import Configuration

UNPRINTABLE = {"Cc", "Cs", "Cn"}  # control characters, halves of surrogates, unassigned
PERSONAL_FOLDER = re.compile(r"^(/media|/run/media|/run/user|(?:/[^/]+)*?/home)/[^/]+")
LENGTH_MAXIMUM = 256  # characters of a person's name, domain and all
# Administrators that come with a system: they name nobody, so they are never hashed.
BUILT_IN = frozenset({"admin", "root", "sudo", "wheel"})
SYSTEM_UID_LIMIT = 1000  # login.defs(5), UID_MIN where the file does not say another one


def hash_name(name: str, key: bytes, epoch: int, label: str = "dex-username-v1") -> str:
    """Return the pseudonym of `DOMAIN\\name`: all of the name that leaves the device.

    Source: the specification of privacy, section 3; the server takes the second step.
    """
    text = unicodedata.normalize("NFC", name.lower())
    digest = hmac.new(key, f"{label}\0{epoch}\0{text}".encode(), hashlib.sha256)
    return "h:" + digest.hexdigest()[:32]


def clean(name: str) -> str:
    """Return a name of a person or program without control characters, cut to 256."""
    kept = "".join(char for char in name if unicodedata.category(char) not in UNPRINTABLE)
    return kept[:LENGTH_MAXIMUM]


def shown_path(path: str, configuration: Configuration) -> str:
    """Return a path as `username` allows it: folders of people are named after them."""
    if configuration.value("username") == "clear":
        return path
    return PERSONAL_FOLDER.sub(r"\1/~", path)


def shown_source(source: str, mount_point: str, configuration: Configuration) -> str:
    """Return the device of a volume as `username` allows it: that of a home may have its name.

    Source: zfs-mount(8), a data set is a path of any names below its pool; homectl(1), the device
    of an encrypted home is /dev/mapper/home-<user>.
    """
    is_named_by_kernel = re.fullmatch(r"/dev/[^/]+", source) is not None
    is_personal = PERSONAL_FOLDER.match(mount_point) is not None
    if configuration.value("username") == "clear" or is_named_by_kernel or not is_personal:
        return source
    return f"{'/dev' if source.startswith('/dev/') else source.partition('/')[0]}/~"


def shown_device_name(host_name: str, configuration: Configuration) -> str | None:
    """Return the host name as `device_name` allows it; None where it cannot be hashed."""
    if configuration.value("device_name") == "clear":
        return clean(host_name)
    if configuration.collector_key is None:
        return None
    return hash_name(
        clean(host_name), configuration.collector_key, configuration.epoch, "dex-device-name-v1"
    )


def shown_user_name(domain: str, name: str, configuration: Configuration) -> str | None:
    """Return the name of a local account as `username` and `device_name` allow it, or None."""
    rule = configuration.value("username")
    if rule == "clear":
        shown = f"{shown_device_name(domain, configuration) or '-'}\\{clean(name)}"
        return shown[:LENGTH_MAXIMUM]
    if rule == "none" or configuration.collector_key is None:
        return None
    full = f"{clean(domain)}\\{clean(name)}"
    return hash_name(full, configuration.collector_key, configuration.epoch)


def shown_number(domain: str, uid: int, configuration: Configuration) -> str | None:
    """Return the numeric id of a local account in the form that its name has."""
    if configuration.value("username") == "clear":
        return str(uid)
    return shown_user_name(domain, str(uid), configuration)


def shown_administrator(domain: str, name: str, configuration: Configuration) -> str | None:
    """Return an account or group with administrator rights in the form that a name has."""
    if name in BUILT_IN:
        return name
    return shown_user_name(domain, name, configuration)


def read_account_names(root: Path) -> dict[int, str]:
    """Read the local accounts: uid -> name. Not called while `username` is `none`."""
    try:
        text = (root / "etc/passwd").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return {}
    return parse_passwd(text)


def read_service_name(root: Path, uid: int) -> str | None:
    """Read an account that only a name service knows, of this very machine; a number is no name."""
    try:
        return pwd.getpwuid(uid).pw_name if root == Path("/") else None
    except (KeyError, OSError):
        return None


def parse_passwd(text: str) -> dict[int, str]:
    """Return uid -> name; the first line of a uid counts.

    Source: passwd(5), `name:password:UID:...`.
    """
    names: dict[int, str] = {}
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) >= 3 and fields[2].isdigit():
            names.setdefault(int(fields[2]), fields[0])
    return names


def read_host_name(root: Path) -> str:
    """Read the host name, without domain."""
    for place in ("proc/sys/kernel/hostname", "etc/hostname"):
        try:
            return (root / place).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            continue
    return ""


def read_system_uid_limit(root: Path) -> int:
    """Read below which number are accounts of the system."""
    try:
        text = (root / "etc/login.defs").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return SYSTEM_UID_LIMIT
    return parse_system_uid_limit(text)


def parse_system_uid_limit(text: str) -> int:
    """Return UID_MIN. Source: login.defs(5): name and value, `#` begins a comment."""
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 2 and words[0] == "UID_MIN" and words[1].isdigit():
            return int(words[1])
    return SYSTEM_UID_LIMIT


def type_of(uid: int, limit: int = SYSTEM_UID_LIMIT) -> str:
    """Return the type of a local account; below `limit` are those of the system.

    Source: systemd.io/UIDS-GIDS: 61184 to 65519 are dynamic service users, 65534 is nobody.
    """
    is_system = uid < limit or 61184 <= uid <= 65519 or uid == 65534
    return "system" if is_system else "local_user"


class Naming:
    """Makes the `user` of records; caches names for as long as one configuration holds."""

    def __init__(self, root: Path, configuration: Configuration) -> None:
        self._root = root
        self._configuration = configuration
        self._accounts: dict[int, str] | None = None
        self._by_uid: dict[int, dict[str, str] | None] = {}

    def of_uid(self, uid: int) -> dict[str, str] | None:
        """Return the dictionary entry of a numeric user id, or None if no name may be sent."""
        if self._configuration.value("username") == "none":
            return None
        if uid not in self._by_uid:
            self._by_uid[uid] = self._find(uid)
        return self._by_uid[uid]

    def _find(self, uid: int) -> dict[str, str] | None:
        if self._accounts is None:
            self._accounts = read_account_names(self._root)
        name, kind = self._accounts.get(uid), self.type_of(uid)
        if name is None:
            name = read_service_name(self._root, uid)
            kind = "domain_user" if kind == "local_user" else kind
        return None if name is None else self._entry(name, kind)

    def of_name(self, name: str) -> dict[str, str] | None:
        """Return the dictionary entry of an account name, or None if no name may be sent."""
        if self._configuration.value("username") == "none":
            return None
        if self._accounts is None:
            self._accounts = read_account_names(self._root)
        uid = next((uid for uid, known in self._accounts.items() if known == name), None)
        return self._entry(name, "domain_user" if uid is None else self.type_of(uid))

    def type_of(self, uid: int) -> str:
        """Return whether a numeric user id is a person's or the system's."""
        return type_of(uid, self._system_uid_limit)

    def of_number(self, uid: int) -> str | None:
        """Return a numeric user id as its name is shown, or None."""
        return shown_number(self._host_name, uid, self._configuration)

    def of_administrator(self, name: str) -> str | None:
        """Return the name of an account or group with administrator rights, or None."""
        return shown_administrator(self._host_name, name, self._configuration)

    @cached_property
    def _system_uid_limit(self) -> int:
        return read_system_uid_limit(self._root)

    @cached_property
    def _host_name(self) -> str:
        return read_host_name(self._root)

    def _entry(self, name: str, kind: str) -> dict[str, str] | None:
        shown = shown_user_name(self._host_name, name, self._configuration)
        return None if shown is None else {"name": shown, "type": kind}

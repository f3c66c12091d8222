"""Names that were collected in clear become pseudonyms, for ever (privacy.md 3).

Each user gets the pseudonym that its devices send from now on, so it stays one user. Where that
pseudonym has a user already (a device was stricter than its configuration, or two devices have
one host name), the row keeps an identity of its own: what was apart stays apart.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.collectors import effective, epochs
from apps.collectors.services import jobs
from apps.collectors.services.jobs import JobKind, Offer, Step
from apps.core import generations
from apps.devices.models import Device, DeviceChange, LocalAdmin, Volume
from apps.devices.permitted import BUILT_IN
from apps.organization import custom_fields
from apps.organization.choices import FieldClass, FieldTarget
from apps.organization.models import CustomField
from apps.users import hashing
from apps.users.choices import NamePrivacyLevel
from apps.users.entries import identity
from apps.users.models import SessionChange, User, VdiSession
from apps.users.models.session import Session

KIND = "hash_names"
CHUNK = 500  # users of one transaction
SHORTEST_NAME = 3  # letters; a shorter one is found in every host name
PSEUDONYM = "u1_%"
# Folders of people; the same as `devices.permitted.PERSONAL_FOLDER`, for PostgreSQL.
PERSONAL_FOLDER = (
    r"(^(?:/media|/run/media|/run/user)/+"
    r"|(?:^|[/\\])(?:home|users|documents and settings)[/\\]+)[^/\\]+"
)

USERS = f"""
UPDATE {User._meta.db_table} AS person SET
    name = given.pseudonym, username = given.pseudonym, identity = given.identity,
    name_privacy_level = 'hashed', hash_epoch = %(epoch)s, sid = '', upn = '',
    upn_privacy_level = 'none', ad_username = '', ad_full_name = '', ad_email_address = '',
    ad_distinguished_name = '', ad_department = '', ad_job_title = '', ad_office = '',
    ad_city = '', ad_country_code = '', ad_organizational_unit = '', ad_last_update_at = NULL,
    custom = person.custom - %(told)s::text[]
FROM unnest(%(ids)s::bigint[], %(pseudonyms)s::text[], %(identities)s::text[])
    AS given (id, pseudonym, identity)
WHERE person.id = given.id
"""
# Many devices are locked in the order of their ids: two that do so cannot deadlock.
LAST_LOGINS = f"""
WITH named AS (
    SELECT device.id, given.pseudonym FROM {Device._meta.db_table} AS device
        JOIN unnest(%(names)s::text[], %(pseudonyms)s::text[]) AS given (name, pseudonym)
            ON device.login_last_login_user_name = given.name
    ORDER BY device.id FOR NO KEY UPDATE OF device
)
UPDATE {Device._meta.db_table} AS device SET login_last_login_user_name = named.pseudonym
FROM named WHERE device.id = named.id
"""
DEVICES_NAMED_AFTER = f"""
SELECT DISTINCT device.id, device.name
FROM {Device._meta.db_table} AS device
JOIN unnest(%(usernames)s::text[]) AS given (username)
    ON position(given.username IN lower(device.name)) > 0
WHERE device.name NOT LIKE %(pseudonym)s AND device.name NOT LIKE %(sent)s
"""
RENAME = """
WITH given AS (
    SELECT held.id, told.pseudonym FROM {table} AS held
        JOIN unnest(%(ids)s::bigint[], %(pseudonyms)s::text[]) AS told (id, pseudonym)
            ON held.id = told.id
    ORDER BY held.id FOR NO KEY UPDATE OF held
)
UPDATE {table} AS named SET name = given.pseudonym FROM given WHERE named.id = given.id
"""

# Sorted, as reports lock devices and programs: two that do so cannot deadlock.
FORGET_VALUES = """
WITH telling AS (
    SELECT id FROM {table} WHERE custom ?| %(told)s::text[] ORDER BY id FOR NO KEY UPDATE
)
UPDATE {table} AS kept SET custom = kept.custom - %(told)s::text[]
FROM telling WHERE kept.id = telling.id
"""


@dataclass(frozen=True, slots=True)
class _Keys:
    """What makes a pseudonym; asked once for each step."""

    epoch: int
    collector: bytes
    server: bytes

    def stored(self, name: str) -> str:
        """Return the pseudonym of "domain\\user" as its devices will be stored."""
        sent = hashing.sent_form(name, collector_key=self.collector, epoch=self.epoch)
        return hashing.stored_form(sent, server_key=self.server)


def clear_users() -> int:
    """Return how many users are called by their names. Cost: 1 query."""
    return User.objects.filter(name_privacy_level=NamePrivacyLevel.CLEAR).count()


def problem() -> Any:
    """Say why names cannot be converted yet, "" where they can. Cost: 2 queries."""
    holding = effective.read()
    layers = [holding.instance or {}, *holding.by_entity.values(), *holding.by_device.values()]
    if any(layer.get("username") == "clear" for layer in layers):
        return _(
            "Somewhere user names still come in clear: first let every configuration collect them "
            "as pseudonyms, or not at all."
        )
    return ""


def plan(_parameters: Mapping[str, Any]) -> list[Step]:
    """Return the steps: users by 500, then what else may hold a name."""
    ids = list(
        User.objects.filter(name_privacy_level=NamePrivacyLevel.CLEAR)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    chunks = [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
    steps: list[Step] = [["users", chunk[0], chunk[-1]] for chunk in chunks]
    rest = ("admins", "folders", "clients", "values", "remains")
    return [*steps, *([name] for name in rest)]


def run(_parameters: Mapping[str, Any], step: Step, now: datetime) -> Mapping[str, int]:
    """Do one step; what is converted already is left as it is."""
    name, *bounds = step
    if name == "users":
        return _convert_users(bounds[0], bounds[1], now)
    if name == "admins":
        return _convert_admins(now)
    if name == "remains":
        return _convert_remains(now)
    if name == "values":
        return _forget_values()
    return _forget_folders() if name == "folders" else _forget_clients()


def _convert_users(first: int, last: int, now: datetime) -> dict[str, int]:
    """Give the clear users of a range of ids their pseudonyms. Cost: 7 queries."""
    people = list(
        User.objects.filter(
            pk__range=(first, last), name_privacy_level=NamePrivacyLevel.CLEAR
        ).order_by("pk")
    )
    if not people:
        return {}
    keys = _keys(now, len(people))
    pseudonyms = [keys.stored(sent_name(person)) for person in people]
    with connection.cursor() as cursor:
        return {
            Device._meta.db_table: _rename_devices(cursor, people, keys)
            + _rename_last_logins(cursor, people, pseudonyms),
            User._meta.db_table: _rename_users(cursor, people, pseudonyms, keys.epoch),
        }


def _rename_users(
    cursor: Any, people: Sequence[User], pseudonyms: Sequence[str], epoch: int
) -> int:
    wanted = [identity("hashed", "", pseudonym) for pseudonym in pseudonyms]
    taken = set(User.objects.filter(identity__in=wanted).values_list("identity", flat=True))
    identities = []
    for person, own in zip(people, wanted, strict=True):
        # Another user has it: this row keeps apart, and no batch will find it again.
        identities.append(identity("converted", str(person.uid)) if own in taken else own)
        taken.add(own)
    cursor.execute(
        USERS,
        {
            "ids": [person.pk for person in people],
            "pseudonyms": list(pseudonyms),
            "identities": identities,
            "epoch": epoch,
            "told": _fields_about_people(FieldTarget.USER),
        },
    )
    generations.bump(generations.DIMENSIONS)
    return int(cursor.rowcount)


def _fields_about_people(target: str) -> list[str]:
    """Return the custom fields of a target that may tell who somebody is. Cost: 1 query."""
    fields = CustomField.objects.about(target).exclude(personal_class=FieldClass.NONE)
    return list(fields.values_list("nql_id", flat=True))


def _rename_last_logins(cursor: Any, people: Sequence[User], pseudonyms: Sequence[str]) -> int:
    pairs = {person.name: pseudonym for person, pseudonym in zip(people, pseudonyms, strict=True)}
    parameters = {"names": list(pairs), "pseudonyms": list(pairs.values())}
    cursor.execute(LAST_LOGINS, parameters)
    return int(cursor.rowcount)


def _rename_devices(cursor: Any, people: Sequence[User], keys: _Keys) -> int:
    """Give devices that are called after a user a pseudonym, too."""
    usernames = {person.username.lower() for person in people}
    cursor.execute(
        DEVICES_NAMED_AFTER,
        {
            "usernames": [name for name in usernames if len(name) >= SHORTEST_NAME],
            "pseudonym": PSEUDONYM,
            "sent": "h:%",
        },
    )
    return _rename(cursor, Device, dict(cursor.fetchall()), keys)


def _convert_admins(now: datetime) -> dict[str, int]:
    """Give local administrators their pseudonyms; what every system has built in names nobody."""
    rows = LocalAdmin.objects.exclude(name__startswith="u1_").values_list("pk", "name")
    names = {pk: _told(name) for pk, name in rows if name and name.lower() not in BUILT_IN}
    if not names:
        return {}
    with connection.cursor() as cursor:
        number = _rename(cursor, LocalAdmin, names, _keys(now, len(names)))
    return {LocalAdmin._meta.db_table: number}


def _rename(cursor: Any, model: Any, names: Mapping[int, str], keys: _Keys) -> int:
    if not names:
        return 0
    pseudonyms = [keys.stored(name) for name in names.values()]
    sql = RENAME.format(table=model._meta.db_table)
    cursor.execute(sql, {"ids": list(names), "pseudonyms": pseudonyms})
    return int(cursor.rowcount)


def cut_folders(device_ids: Sequence[int] | None = None) -> int:
    """Take people's names out of the paths of volumes, and labels of their sticks; None: of all.

    Cost: 1 query.
    """
    sql = f"""
        UPDATE {Volume._meta.db_table} SET
            mount_point = regexp_replace(mount_point, %(folder)s, '\\1~', 'gi'),
            name = CASE WHEN mount_point ~* %(folder)s THEN ''
                ELSE regexp_replace(name, %(folder)s, '\\1~', 'gi') END
        WHERE (%(devices)s::bigint[] IS NULL OR device_id = ANY(%(devices)s))
            AND (mount_point <> regexp_replace(mount_point, %(folder)s, '\\1~', 'gi')
                OR name <> regexp_replace(name, %(folder)s, '\\1~', 'gi'))
    """
    devices = None if device_ids is None else list(device_ids)
    with connection.cursor() as cursor:
        cursor.execute(sql, {"folder": PERSONAL_FOLDER, "devices": devices})
        return int(cursor.rowcount)


def _forget_folders() -> dict[str, int]:
    """Take people's names out of the paths of volumes; changes that may tell them go."""
    counts = {Volume._meta.db_table: cut_folders()}
    # A device's name may hold its user's; where it is clear by itself the next change tells it.
    changes = DeviceChange.objects.filter(Q(item="name") | Q(item__startswith="volumes."))
    return counts | {DeviceChange._meta.db_table: changes.delete()[0]}


def _forget_clients() -> dict[str, int]:
    """Empty the names of machines from which sessions came: many are called after their owner."""
    models = (Session, SessionChange, VdiSession)
    return {
        model._meta.db_table: model.objects.exclude(client_name__isnull=True)  # type: ignore[attr-defined]
        .exclude(client_name="")
        .update(client_name=None if model._meta.get_field("client_name").null else "")
        for model in models
    }


def _forget_values() -> dict[str, int]:
    """Empty what custom fields of devices, programs and packages tell of people.

    Those of users went with their names. Rules that give such values go first: they would give
    them again. Cost: 1 query, and 2 a table.
    """
    ruled = CustomField.objects.ruled().exclude(personal_class=FieldClass.NONE)
    counts = {CustomField._meta.db_table: ruled.update(rules=[], otherwise=None)}
    for target, model in custom_fields.models_by_target().items():
        told = _fields_about_people(target) if target != FieldTarget.USER else []
        if told:
            table = model._meta.db_table
            with connection.cursor() as cursor:
                cursor.execute(FORGET_VALUES.format(table=table), {"told": told})
                counts[table] = cursor.rowcount
    return counts


def _convert_remains(now: datetime) -> dict[str, int]:
    """Convert users that came while the steps before ran, and last logins of users long gone."""
    table = Device._meta.db_table
    counts: dict[str, int] = {}
    for first, last in _ranges():
        for name, number in _convert_users(first, last, now).items():
            counts[name] = counts.get(name, 0) + number
    left = Device.objects.exclude(login_last_login_user_name="").exclude(
        login_last_login_user_name__startswith="u1_"
    )
    with transaction.atomic():
        ids = left.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True)
        emptied = Device.objects.filter(pk__in=list(ids)).update(login_last_login_user_name="")
    counts[table] = counts.get(table, 0) + emptied
    return counts


def _ranges() -> Iterator[tuple[int, int]]:
    for name, *bounds in plan({}):
        if name == "users":
            yield bounds[0], bounds[1]


def sent_name(person: User) -> str:
    """Return "domain\\user" as a device named the account."""
    domain = person.name.removeprefix(f"{person.username}@")
    return person.username if domain == person.name else f"{domain}\\{person.username}"


def _told(name: str) -> str:
    """Return "domain\\user" of a stored "user@domain"."""
    short, _at, domain = name.rpartition("@")
    return f"{domain}\\{short}" if short else domain


def _keys(now: datetime, number: int) -> _Keys:
    """Return the keys in force; outside the receiving of data each use of them is recorded."""
    epoch = epochs.current()
    audit.record(
        code=AuditCode.SERVER_KEY_USED,
        object_kind="hash_epoch",
        object_id=str(epoch),
        detail={"for": KIND, "names": number},
        at=now,
    )
    return _Keys(epoch, epochs.collector_key(epoch), epochs.server_key(epoch))


jobs.register(
    JobKind(
        name=KIND,
        title=_("Names of users become pseudonyms"),
        plan=plan,
        run=run,
        offer=Offer(
            count=clear_users,
            of_what=_("Users called by their names"),
            problem=problem,
            consequences=(
                _(
                    "Every name of a user is replaced by a pseudonym, in every table. Principal "
                    "names, SIDs, mail addresses and what a directory told are emptied; devices "
                    "called after a user and local administrators get pseudonyms, too."
                ),
                _(
                    "Custom fields of users, devices, programs and packages are emptied where "
                    "their values say something about people, and so are the rules that fill "
                    "them; the others stay."
                ),
                _("This cannot be taken back."),
            ),
        ),
    )
)

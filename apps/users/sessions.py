"""Sessions, put together from what devices tell of them.

Each row that is stored is merged into the session it belongs to. Merging is commutative and
idempotent: least and greatest moments, and for state, protocol and client the newest that was
told. So repeats, late data and any order of arrival give the same session.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from apps.devices import services as devices
from apps.events.encoding import Row
from apps.events.policy import Policy
from apps.users.choices import LogonType
from apps.users.models import Login, Session, SessionChange, SessionSample, UserDevice

BUCKET_MS = 900_000

# What one stored row tells of its session; a null tells nothing. A login tells whether somebody
# sits at the device, which any row that names a protocol knows better: hence the old moment.
_LOGINS = f"""
SELECT user_id, session_id, id, occurred_at AS told_at, occurred_at AS seen_at,
    CASE WHEN logon_type IS DISTINCT FROM 'unlock' THEN occurred_at END AS started_at,
    NULL::timestamptz AS ended_at, 'active' AS state,
    CASE logon_type WHEN 'remote' THEN 'other' WHEN 'interactive' THEN 'console'
        WHEN 'cached' THEN 'console' END AS protocol,
    'epoch'::timestamptz AS protocol_at,
    NULL AS client_name, NULL::inet AS client_ip
FROM {Login._meta.db_table}
WHERE device_id = %(device)s AND occurred_at BETWEEN %(first)s AND %(last)s
    AND occurred_at = ANY(%(times)s)
    AND session_id <> '' AND logon_type IS DISTINCT FROM 'service'
"""
_CHANGES = f"""
SELECT user_id, session_id, id, occurred_at AS told_at, occurred_at AS seen_at,
    NULL::timestamptz AS started_at,
    CASE WHEN change = 'logout' THEN occurred_at END AS ended_at,
    CASE change WHEN 'lock' THEN 'locked' WHEN 'disconnect' THEN 'disconnected'
        ELSE 'active' END AS state,
    protocol, occurred_at AS protocol_at, client_name, client_ip
FROM {SessionChange._meta.db_table}
WHERE device_id = %(device)s AND occurred_at BETWEEN %(first)s AND %(last)s
    AND occurred_at = ANY(%(times)s) AND session_id <> ''
"""
# A bucket tells what the session was most of the time, from its start on: changes within it know
# better. How long it was there tells how far the session was seen.
_SAMPLES = f"""
SELECT user_id, session_id, id, bucket AS told_at,
    bucket + least(coalesce(session_duration_ms_sum, {BUCKET_MS}), {BUCKET_MS})
        * interval '1 millisecond' AS seen_at,
    NULL::timestamptz AS started_at, NULL::timestamptz AS ended_at,
    CASE greatest(coalesce(active_duration_ms_sum, 0), coalesce(locked_duration_ms_sum, 0),
            coalesce(disconnected_duration_ms_sum, 0))
        WHEN coalesce(active_duration_ms_sum, 0) THEN 'active'
        WHEN coalesce(locked_duration_ms_sum, 0) THEN 'locked'
        ELSE 'disconnected' END AS state,
    session_protocol AS protocol, bucket AS protocol_at, NULL AS client_name, NULL::inet AS client_ip
FROM {SessionSample._meta.db_table}
WHERE device_id = %(device)s AND bucket BETWEEN %(first)s AND %(last)s
    AND bucket = ANY(%(times)s) AND session_id <> ''
"""

_TABLE = Session._meta.db_table
_IS_NEWER_CLIENT = """known.client_at IS NULL OR (
            excluded.client_at, coalesce(excluded.client_name, ''),
            coalesce(host(excluded.client_ip), '')
        ) > (known.client_at, coalesce(known.client_name, ''), coalesce(host(known.client_ip), ''))
    """
_MERGE = f"""
INSERT INTO {_TABLE} AS known (
    device_id, user_id, session_id, start_time_at, is_start_told, end_time_at, is_end_told,
    told_state, state_at, protocol, protocol_at, client_name, client_ip, client_at, seen_at
)
SELECT %(device)s, user_id, session_id,
    coalesce(min(started_at), min(told_at)), bool_or(started_at IS NOT NULL),
    max(ended_at), bool_or(ended_at IS NOT NULL),
    (array_agg(state ORDER BY told_at DESC, state DESC))[1], max(told_at),
    (array_agg(protocol ORDER BY protocol_at DESC, protocol DESC)
        FILTER (WHERE protocol IS NOT NULL))[1],
    max(protocol_at) FILTER (WHERE protocol IS NOT NULL),
    (array_agg(client_name ORDER BY told_at DESC, coalesce(client_name, '') DESC, coalesce(host(client_ip), '') DESC)
        FILTER (WHERE client_name IS NOT NULL OR client_ip IS NOT NULL))[1],
    (array_agg(client_ip ORDER BY told_at DESC, coalesce(client_name, '') DESC, coalesce(host(client_ip), '') DESC)
        FILTER (WHERE client_name IS NOT NULL OR client_ip IS NOT NULL))[1],
    max(told_at) FILTER (WHERE client_name IS NOT NULL OR client_ip IS NOT NULL),
    max(seen_at)
FROM (%(source)s) AS told
GROUP BY user_id, session_id
ON CONFLICT (device_id, user_id, session_id) DO UPDATE SET
    start_time_at = CASE
        WHEN known.is_start_told AND NOT excluded.is_start_told THEN known.start_time_at
        WHEN excluded.is_start_told AND NOT known.is_start_told THEN excluded.start_time_at
        ELSE least(known.start_time_at, excluded.start_time_at) END,
    is_start_told = known.is_start_told OR excluded.is_start_told,
    end_time_at = CASE
        WHEN known.is_end_told THEN greatest(known.end_time_at, excluded.end_time_at)
        WHEN excluded.is_end_told THEN excluded.end_time_at
        WHEN excluded.seen_at > known.seen_at THEN NULL
        ELSE known.end_time_at END,
    is_end_told = known.is_end_told OR excluded.is_end_told,
    told_state = CASE
        WHEN (excluded.state_at, excluded.told_state) > (known.state_at, known.told_state)
        THEN excluded.told_state ELSE known.told_state END,
    state_at = greatest(known.state_at, excluded.state_at),
    protocol = CASE
        WHEN known.protocol IS NULL THEN excluded.protocol
        WHEN (excluded.protocol_at, excluded.protocol) > (known.protocol_at, known.protocol)
        THEN excluded.protocol ELSE known.protocol END,
    protocol_at = greatest(known.protocol_at, excluded.protocol_at),
    client_name = CASE
        WHEN {_IS_NEWER_CLIENT}
        THEN excluded.client_name ELSE known.client_name END,
    client_ip = CASE
        WHEN {_IS_NEWER_CLIENT}
        THEN excluded.client_ip ELSE known.client_ip END,
    client_at = greatest(known.client_at, excluded.client_at),
    seen_at = greatest(known.seen_at, excluded.seen_at)
"""


def _merge(source: str) -> str:
    return _MERGE.replace("%(source)s", source)


_MERGE_LOGINS, _MERGE_CHANGES, _MERGE_SAMPLES = map(_merge, (_LOGINS, _CHANGES, _SAMPLES))

# Which login of a user on a device is the first changes only when an earlier one comes late.
_FIRST_LOGINS = f"""
WITH told AS (
    SELECT DISTINCT ON (user_id) user_id, occurred_at, id FROM {Login._meta.db_table}
    WHERE device_id = %(device)s AND occurred_at BETWEEN %(first)s AND %(last)s
        AND occurred_at = ANY(%(times)s) AND user_id IS NOT NULL
    ORDER BY user_id, occurred_at, id
), earlier AS (
    SELECT told.*, link.first_login_at FROM told
        JOIN {UserDevice._meta.db_table} AS link
            ON link.device_id = %(device)s AND link.user_id = told.user_id
    WHERE link.first_login_at IS NULL OR told.occurred_at < link.first_login_at
), noted AS (
    UPDATE {UserDevice._meta.db_table} AS link SET first_login_at = earlier.occurred_at
    FROM earlier WHERE link.device_id = %(device)s AND link.user_id = earlier.user_id
)
UPDATE {Login._meta.db_table} AS login
SET is_first_login = (login.occurred_at = earlier.occurred_at AND login.id = earlier.id)
FROM earlier
WHERE login.device_id = %(device)s AND login.user_id = earlier.user_id
    AND (login.occurred_at = earlier.occurred_at OR login.occurred_at = earlier.first_login_at)
"""


def merge_logins(device_id: int, rows: Sequence[Row], _policy: Policy) -> None:
    """Bring sessions and the device's last login forward, and say which logins are a user's first.

    Cost: 4 queries.
    """
    _run([_MERGE_LOGINS, _FIRST_LOGINS], device_id, rows)
    times = {row.time for row in rows}
    last = (
        Login.objects.filter(device=device_id, occurred_at__range=(min(times), max(times)))
        .filter(occurred_at__in=times)
        .exclude(logon_type=LogonType.SERVICE)
        .filter(user__isnull=False)
        .order_by("-occurred_at", "-id")
        .values_list("occurred_at", "user__name")
        .first()
    )
    if last is not None:
        devices.remember_login(device_id=device_id, occurred_at=last[0], user_name=last[1])


def merge_changes(device_id: int, rows: Sequence[Row], _policy: Policy) -> None:
    """Bring sessions forward by logouts, locks and the like. Cost: 1 query."""
    _run([_MERGE_CHANGES], device_id, rows)


def merge_samples(device_id: int, rows: Sequence[Row], _policy: Policy) -> None:
    """Bring sessions forward by their quarters of an hour. Cost: 1 query."""
    _run([_MERGE_SAMPLES], device_id, rows)


def _run(statements: Sequence[str], device_id: int, rows: Sequence[Row]) -> None:
    """Read the rows back as they were stored, without what the policy takes, and merge them.

    Those of these very times: between the first and the last of a forged batch may lie all that
    the device ever told. The span leaves partitions out.
    """
    times: list[datetime] = sorted({row.time for row in rows})
    about: dict[str, Any] = {"device": device_id, "first": times[0], "last": times[-1]}
    about["times"] = times
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, about)

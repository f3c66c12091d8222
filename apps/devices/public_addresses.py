"""The public address of a device as the server sees it, and what is looked up from it."""

from collections.abc import Callable
from datetime import datetime
from ipaddress import ip_address
from typing import Any

from django.db import connection, models, transaction

from apps.core import geography
from apps.devices import locating
from apps.devices.models import Device
from apps.events.policy import Policy

SWITCH = "public_ip_location"
COLUMNS = (
    "public_ip_ip_address",
    "public_ip_isp",
    "public_ip_country",
    "public_ip_state",
    "public_ip_city",
)

PLACE_COLUMNS = ("location_country", "location_state", "location_city", "context_id")


def permitted(address: str, policy: Policy) -> dict[str, Any]:
    """Return what may be kept of an address: all, its country, nothing. Cost: no query."""
    nothing: dict[str, Any] = {**dict.fromkeys(COLUMNS, ""), "public_ip_ip_address": None}
    if not policy.allows(SWITCH) or not (plain := _plain(address)):
        return nothing
    found = geography.lookup(plain)
    if policy.value(SWITCH) == "country":
        return {**nothing, "public_ip_country": found.country}
    return dict(
        zip(COLUMNS, (plain, found.isp, found.country, found.state, found.city), strict=True)
    )


def notice(*, device: Device, address: str, policy: Policy, now: datetime) -> None:
    """Note from which address a device speaks, as far as its configuration lets; find its place.

    device: its COLUMNS are loaded, brought forward with its context. Outside work hours an address
    tells where somebody is, and is not read. Cost: no query where nothing changed.
    """
    if policy.allows(SWITCH) and not policy.lets_server_look(now):
        return
    told = permitted(address, policy)
    if told == {name: _known(device, name) for name in COLUMNS}:
        return
    with transaction.atomic():  # else one who dies in between leaves a place that nobody corrects
        if not Device.objects.filter(pk=device.pk).update(**told):
            return
        locating.locate(device_ids=[device.pk], now=now)
    device.refresh_from_db(fields=["context", *COLUMNS])


def _known(device: Device, name: str) -> Any:
    value = getattr(device, name)
    return str(value) if value and name == "public_ip_ip_address" else value


def _plain(address: str) -> str:
    """Return an address without zone, one of IPv4 mapped into IPv6 as itself, "" for none."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    mapped = getattr(found, "ipv4_mapped", None)
    return str(mapped or found)


def left_of(value: str) -> Callable[[models.Field[Any, Any]], str | None]:
    """Return what a value of the switch leaves of a column: its SQL, None where all of it.

    A place that a site gives is none of the switch's.
    """

    def expression(field: models.Field[Any, Any]) -> str | None:
        name = str(field.column)
        if name == "context_id":
            return _bare_context(value)
        if value == "country" and name.endswith("_country"):
            return None
        if name in COLUMNS:
            return "NULL::inet" if field.null else "''"
        return f"CASE WHEN location_site = '' THEN '' ELSE {name} END"

    return expression


def _bare_context(value: str) -> str:
    """Return the SQL of the situation without what the value forbids; `make_bare_contexts` made it."""
    country = "told.location_country" if value == "country" else "''"
    return f"""coalesce((
        SELECT bare.id FROM devices_context AS told
        JOIN devices_context AS bare USING (entity_id, device_platform, location_type)
        WHERE told.id = context_id AND told.location_site = '' AND bare.location_site = ''
            AND bare.location_country = {country}
            AND bare.location_state = '' AND bare.location_city = ''
    ), context_id)"""


def make_bare_contexts() -> None:
    """Make the situations without state and city, and those without country. Cost: 1 query."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO devices_context (entity_id, device_platform, location_type,
                location_country, location_state, location_city, location_site)
            SELECT entity_id, device_platform, location_type, country, '', '', ''
            FROM devices_context, unnest(ARRAY[location_country, '']) AS country
            WHERE location_site = '' AND location_country || location_state || location_city <> ''
            ON CONFLICT DO NOTHING
            """
        )

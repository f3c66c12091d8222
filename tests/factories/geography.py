"""Small files of public addresses, in the format of those that administrators provide.

The networks are those of documentation (RFC 5737, RFC 3849).
"""

from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet


def write_places(folder: Path, name: str = "city.mmdb") -> Path:
    """Write which networks lie where: Paris, Germany as a whole, Spain."""
    paris = {
        "country": {"iso_code": "FR", "names": {"en": "France", "de": "Frankreich"}},
        "subdivisions": [{"names": {"en": "Île-de-France"}}],
        "city": {"names": {"en": "Paris"}},
    }
    return _write(
        folder / name,
        "Test-City",
        {
            "203.0.113.0/24": paris,
            "198.51.100.0/24": {"country": {"iso_code": "DE", "names": {"en": "Germany"}}},
            "2001:db8:1::/48": {"country": {"iso_code": "ES", "names": {"en": "Spain"}}},
        },
    )


def write_providers(folder: Path, name: str = "asn.mmdb") -> Path:
    """Write whose network it is."""
    record = {
        "autonomous_system_number": 64_496,
        "autonomous_system_organization": "Exemple Télécom",
    }
    return _write(folder / name, "Test-ASN", {"203.0.113.0/24": record})


def _write(path: Path, kind: str, records: dict[str, dict[str, Any]]) -> Path:
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type=kind)
    for network, record in records.items():
        writer.insert_network(IPSet([network]), record)
    writer.to_db_file(str(path))
    return path

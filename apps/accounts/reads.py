"""Who read rows about people: one audit row for each page that showed them."""

from typing import Any

from apps.accounts.http import AccountRequest
from apps.audit import services as audit
from apps.audit.choices import AuditCode
from apps.core import clock
from apps.core.admin import reads
from apps.core.admin.reads import Read

SUBJECTS_LISTED = 25  # of a list; a longer one is told by its filter. Source: access.md 7.2
NODES_TOLD = 100
VIEW = "view_device"


def record_read(request: AccountRequest, read: Read) -> None:
    """Write who saw whom: every subject of one row's page and of a file, those of a list up to 25. Cost: 1 query."""
    kind, number = read.about
    is_told = read.is_export or not read.is_list or len(read.subjects) <= SUBJECTS_LISTED
    audit.record(
        code=code_of(read),
        actor=request.user,
        object_kind=kind,
        object_id=number[:64],
        subjects=sorted(read.subjects) if is_told else (),
        detail=detail_of(request, read) if read.is_list else None,
        at=clock.now(),
    )


def code_of(read: Read) -> AuditCode:
    """Return what was read: a file, a list, a person, else a device."""
    if read.is_export:
        is_log = read.about[0].startswith("audit.")
        return AuditCode.AUDIT_EXPORTED if is_log else AuditCode.EXPORT_MADE
    if read.is_list:
        return AuditCode.IDENTITIES_LISTED
    has_user = any(kind == "user" for kind, _number in read.subjects)
    return AuditCode.USER_OPENED if has_user else AuditCode.DEVICE_OPENED


def detail_of(request: AccountRequest, read: Read) -> dict[str, Any]:
    """Return what a list was asked for, within which scope, and how much it showed."""
    scope = request.scope
    nodes = sorted(scope.grants.get(VIEW, ()))[:NODES_TOLD]
    return {
        "filter": {
            **read.filter,
            **{name: audit.digest(text) for name, text in read.typed.items()},
        },
        "scope": "everything" if scope.is_unrestricted else nodes,
        "privacy_level": int(scope.privacy_level),
        "rows": read.rows,
        "subjects": len(read.subjects),
        "digest": read.digest,
        **({"row_digest": read.row_digest} if read.is_export else {}),
    }


reads.register_recorder(record_read)

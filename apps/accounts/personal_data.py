"""What accounts say about the people who administrate; never about employees."""

from apps.accounts.models import Account, Profile
from apps.core.personal_data import (
    BEHAVIOUR,
    DIRECT,
    FREE_TEXT,
    NONE,
    PSEUDONYM,
    SECRET,
    Classification,
    register,
)

register(
    Account,
    Classification(
        keys={"account": "id"},
        fields={
            "id": PSEUDONYM,
            "uid": PSEUDONYM,
            "login": DIRECT,
            "display_name": DIRECT,
            "email": DIRECT,
            "password": SECRET,
            "kind": NONE,
            "origin": NONE,
            "external_id": PSEUDONYM,
            "is_superuser": NONE,
            "groups": NONE,
            "user_permissions": NONE,
            "main_profile": NONE,
            "additional_profiles": NONE,
            "state": NONE,
            "language": NONE,
            "time_zone": NONE,
            "security_epoch": NONE,
            "created_at": NONE,
            "expires_at": NONE,
            "last_signed_in_at": BEHAVIOUR,
        },
    ),
)
register(
    Profile,
    Classification(
        subject="account",
        fields={
            "id": NONE,
            "uid": NONE,
            "group": NONE,
            "name": NONE,
            "description": FREE_TEXT,
            "kind": NONE,
            "built_in": NONE,
            "privacy_level": NONE,
            "landing_page": NONE,
        },
    ),
)

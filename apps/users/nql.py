"""Tables of users that can be asked (data-model.md 2.3, 4.2)."""

from apps.nql.catalog import Field, Link, Table, register
from apps.users.choices import LogonType, NamePrivacyLevel, UserType
from apps.users.models import Login, User

register(
    Table(
        name="user.users",
        model=User,
        kind="object",
        record="user",
        permission="users.view_user",
        fields=[
            Field("name", "string", is_default=True),
            Field("username", "string"),
            Field("name_privacy_level", "enum", values=NamePrivacyLevel.values),
            Field("hash_epoch", "int"),
            Field("uid", "uuid"),
            Field("type", "enum", values=UserType.values, is_default=True),
            Field("first_seen", "datetime"),
            Field("last_seen", "datetime", is_default=True),
        ],
    )
)
register(
    Table(
        name="session.logins",
        model=Login,
        kind="punctual",
        record="login",
        permission="users.view_login",
        links=[Link("device", "device", "device.devices"), Link("user", "user", "user.users")],
        fields=[
            Field("time", "datetime", column="occurred_at", is_default=True),
            Field("session_id", "string"),
            Field("number_of_logins", "int"),
            Field("logon_type", "enum", values=LogonType.values),
            Field("time_until_desktop_is_visible", "duration", is_default=True),
            Field("time_until_desktop_is_ready", "duration", is_default=True),
        ],
    )
)

"""Custom fields of users: the table that keeps them."""

from apps.organization import custom_fields
from apps.organization.choices import FieldTarget
from apps.users.models import User

custom_fields.register(FieldTarget.USER, User, asked_as="user.users")

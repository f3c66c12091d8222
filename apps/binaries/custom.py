"""Custom fields of binaries and packages: the tables that keep them."""

from apps.binaries.models import Binary, Package
from apps.organization import custom_fields
from apps.organization.choices import FieldTarget

custom_fields.register(FieldTarget.BINARY, Binary, asked_as="binary.binaries")
custom_fields.register(FieldTarget.PACKAGE, Package, asked_as="package.packages")

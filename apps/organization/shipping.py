"""The two entities that every instance has."""

from apps.core import shipped
from apps.organization import services

shipped.register("organization.tree", services.ensure_built_in_entities)

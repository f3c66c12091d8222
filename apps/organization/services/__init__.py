"""Writes of the organisation, a module for each noun."""

from apps.organization.services.imports import FileHasProblems, import_entities
from apps.organization.services.rules import (
    RuleRefused,
    RulesChangedMeanwhile,
    apply_rules,
    check_rules,
    fingerprint,
    replace_rules,
)
from apps.organization.services.tree import (
    ROOT_NAME,
    UNCLASSIFIED_NAME,
    BuiltInEntity,
    EntityInOwnBranch,
    EntityInUse,
    EntityNameTaken,
    ViewDomainOnAdditionalProfile,
    create_entity,
    delete_entity,
    ensure_built_in_entities,
    is_in_use,
    move_entity,
    rename_entity,
    set_view_domain,
)

__all__ = [
    "ROOT_NAME",
    "UNCLASSIFIED_NAME",
    "BuiltInEntity",
    "EntityInOwnBranch",
    "EntityInUse",
    "EntityNameTaken",
    "FileHasProblems",
    "RuleRefused",
    "RulesChangedMeanwhile",
    "ViewDomainOnAdditionalProfile",
    "apply_rules",
    "check_rules",
    "create_entity",
    "delete_entity",
    "ensure_built_in_entities",
    "fingerprint",
    "import_entities",
    "is_in_use",
    "move_entity",
    "rename_entity",
    "replace_rules",
    "set_view_domain",
]

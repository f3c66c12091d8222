"""Writes of the organisation, a module for each noun."""

from apps.organization.services.fields import (
    WORDS_LIMIT,
    WORDS_MESSAGE,
    FieldRefused,
    change_field,
    create_field,
    delete_field,
    problem_of_filler,
)
from apps.organization.services.filling import (
    FieldRulesChangedMeanwhile,
    FieldRulesRefused,
    problem_of_filling,
    set_field_rules,
)
from apps.organization.services.imports import FileHasProblems, import_entities
from apps.organization.services.rule_lists import fingerprint
from apps.organization.services.rules import (
    RuleRefused,
    RulesChangedMeanwhile,
    apply_rules,
    check_rules,
    replace_rules,
)
from apps.organization.services.sites import (
    SiteRefused,
    SitesChangedMeanwhile,
    apply_sites,
    check_sites,
    replace_sites,
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
    move_entity,
    register_guard,
    rename_entity,
    set_view_domain,
)
from apps.organization.services.values import set_values

__all__ = [
    "ROOT_NAME",
    "UNCLASSIFIED_NAME",
    "WORDS_LIMIT",
    "WORDS_MESSAGE",
    "BuiltInEntity",
    "EntityInOwnBranch",
    "EntityInUse",
    "EntityNameTaken",
    "FieldRefused",
    "FieldRulesChangedMeanwhile",
    "FieldRulesRefused",
    "FileHasProblems",
    "RuleRefused",
    "RulesChangedMeanwhile",
    "SiteRefused",
    "SitesChangedMeanwhile",
    "ViewDomainOnAdditionalProfile",
    "apply_rules",
    "apply_sites",
    "change_field",
    "check_rules",
    "check_sites",
    "create_entity",
    "create_field",
    "delete_entity",
    "delete_field",
    "ensure_built_in_entities",
    "fingerprint",
    "import_entities",
    "move_entity",
    "problem_of_filler",
    "problem_of_filling",
    "register_guard",
    "rename_entity",
    "replace_rules",
    "replace_sites",
    "set_field_rules",
    "set_values",
    "set_view_domain",
]

"""Administration of the organisation, a module for each noun."""

from apps.organization.admin import fields, rules, sites, tree

__all__ = ["fields", "rules", "sites", "tree"]

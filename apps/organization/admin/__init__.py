"""Administration of the organisation, a module for each noun."""

from apps.organization.admin import fields, rules, tree

__all__ = ["fields", "rules", "tree"]

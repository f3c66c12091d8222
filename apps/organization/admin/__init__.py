"""Administration of the organisation, a module for each noun."""

from apps.organization.admin import rules, tree

__all__ = ["rules", "tree"]

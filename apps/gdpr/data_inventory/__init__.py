"""The data inventory: every field that is stored, and what is done with it (privacy.md 5)."""

from apps.gdpr.data_inventory.entries import Entry, entries, entries_of
from apps.gdpr.data_inventory.problems import problems

__all__ = ["Entry", "entries", "entries_of", "problems"]

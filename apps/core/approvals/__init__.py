"""Four eyes: one model for every rule by which somebody else must agree (access.md 2.3)."""

"""Writes of binaries and packages, by topic."""

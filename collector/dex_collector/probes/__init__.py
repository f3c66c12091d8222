"""Probes: one file each, and one per platform that reads the machine."""

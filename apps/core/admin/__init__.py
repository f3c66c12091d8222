"""Bases of admin pages."""

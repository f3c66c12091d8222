"""Panels on the page of a device."""

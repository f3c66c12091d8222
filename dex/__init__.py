"""Wiring of dex: settings, addresses, processes. No models, no business code."""

__version__ = "0.1.0"

"""Writes of collectors, a module for each noun."""

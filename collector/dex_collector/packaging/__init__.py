"""Installs the collector as a service, and builds the packages that do."""

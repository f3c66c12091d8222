"""System checks of the audit log."""

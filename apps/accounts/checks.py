"""System checks of accounts."""

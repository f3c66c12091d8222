"""System checks of the tree."""

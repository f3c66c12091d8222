"""The apps of dex, one per noun; imports point down the layers only."""

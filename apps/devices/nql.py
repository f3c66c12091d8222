"""Tables that can be asked."""

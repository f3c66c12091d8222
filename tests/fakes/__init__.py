"""Services of other systems, played on this machine."""

"""The session companion: runs as the employee, tells the daemon what only a session knows."""

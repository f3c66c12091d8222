"""The local socket: what runs in the sessions of people talks to the daemon here."""

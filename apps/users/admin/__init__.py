"""Administration of users and their sessions: to look at."""

from apps.users.admin import changes, samples, session, user

__all__ = ["changes", "samples", "session", "user"]  # imported for what they register

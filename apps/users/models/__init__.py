"""Tables of users and their sessions."""

from apps.users.models.changes import Login, SessionChange
from apps.users.models.links import user_link
from apps.users.models.sample import SessionDaily, SessionSample
from apps.users.models.session import Session
from apps.users.models.user import User, UserDevice
from apps.users.models.vdi import VdiDaily, VdiRealtime, VdiSample, VdiSession

__all__ = [
    "Login",
    "Session",
    "SessionChange",
    "SessionDaily",
    "SessionSample",
    "User",
    "UserDevice",
    "VdiDaily",
    "VdiRealtime",
    "VdiSample",
    "VdiSession",
    "user_link",
]

"""The logon session: from login to logout, put together from what devices tell of it."""

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.utils.translation import gettext_lazy as _

from apps.users.choices import SessionState
from apps.users.models.links import client_ip, client_name, protocol, session_id
from apps.users.querysets import SessionQuerySet


class Session(models.Model):
    """One logon session of a user on a device.

    Written by `sessions` alone: each login, change and sample is merged into its row, in whatever
    order they come; closed by `upkeep.close_silent_sessions` where the end was never told. Purged
    by its end. A device's sessions of one id are several rows where their user changes: a person
    whose name becomes hashed does not go on under the same row.
    """

    device = models.ForeignKey(
        "devices.Device", on_delete=models.CASCADE, related_name="+", verbose_name=_("device")
    )
    user = models.ForeignKey(
        "users.User",
        on_delete=models.CASCADE,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("user"),
    )
    session_id = session_id()
    start_time_at = models.DateTimeField(
        _("start"), help_text=_("Login, or the first sign of the session.")
    )
    is_start_told = models.BooleanField(
        default=False, editable=False, help_text=_("A login told the start.")
    )
    end_time_at = models.DateTimeField(
        _("end"), null=True, blank=True, db_index=True, help_text=_("Logout; none while open.")
    )
    is_end_told = models.BooleanField(
        default=False, editable=False, help_text=_("A logout told the end; else silence did.")
    )
    told_state = models.CharField(
        max_length=12,
        choices=SessionState,
        default=SessionState.ACTIVE,
        editable=False,
        help_text=_("Newest state that was told."),
    )
    state = models.GeneratedField(
        verbose_name=_("state"),
        expression=Case(
            When(Q(end_time_at__isnull=False), then=Value(SessionState.CLOSED.value)),
            default=F("told_state"),
        ),
        output_field=models.CharField(max_length=12, choices=SessionState),
        db_persist=True,
        help_text=_("State of the session."),
    )
    protocol = protocol()
    is_remote = models.GeneratedField(
        verbose_name=_("remote"),
        expression=Case(
            When(protocol="console", then=Value(False)),
            When(protocol__isnull=False, then=Value(True)),
            default=None,
        ),
        output_field=models.BooleanField(null=True),
        db_persist=True,
        help_text=_("The protocol is not console; unknown where the protocol is."),
    )
    client_name = client_name()
    client_ip = client_ip()
    state_at = models.DateTimeField(editable=False, help_text=_("When the state was told."))
    protocol_at = models.DateTimeField(
        null=True, editable=False, help_text=_("When the protocol was told.")
    )
    client_at = models.DateTimeField(
        null=True, editable=False, help_text=_("When the client was told.")
    )
    seen_at = models.DateTimeField(_("last sign"), help_text=_("Last sign of the session."))

    objects = SessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        constraints = [
            models.UniqueConstraint(
                fields=["device", "user", "session_id"],
                name="users_session_key",
                nulls_distinct=False,
            )
        ]
        indexes = [
            models.Index(fields=["device", "start_time_at"], name="users_session_device_start"),
            models.Index(fields=["-start_time_at", "-id"], name="users_session_newest"),
            models.Index(  # of no column that each sample changes, or updates would be dear
                fields=["device"],
                name="users_session_open",
                condition=Q(end_time_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.start_time_at:%Y-%m-%d %H:%M}"

"""Forms of the wiring's own pages."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import PeriodicTask

from dex import periodic
from dex.periodic import LONGEST, SHORTEST, Rhythm

INTERVAL, DAILY = "interval", "daily"
UNITS = {"minutes": _("minutes"), "hours": _("hours")}


class PeriodicTaskForm(forms.Form):
    """When a task runs, and whether where that may be decided."""

    kind = forms.ChoiceField(
        label=_("Rhythm"), choices=[(INTERVAL, _("Again and again")), (DAILY, _("Once a day"))]
    )
    every = forms.IntegerField(label=_("Every"), required=False, min_value=1, max_value=1_440)
    unit = forms.ChoiceField(label=_("Unit"), required=False, choices=list(UNITS.items()))
    at = forms.TimeField(
        label=_("Time of the day"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    is_enabled = forms.BooleanField(label=_("Enabled"), required=False)

    def __init__(self, *args: Any, task: PeriodicTask, **kwargs: Any) -> None:
        kwargs["initial"] = _first(task)
        super().__init__(*args, **kwargs)
        if not periodic.may_be_disabled(task):
            del self.fields["is_enabled"]

    def clean(self) -> dict[str, Any]:
        """Turn the fields into one rhythm."""
        values = super().clean() or {}
        if values.get("kind") == INTERVAL:
            self._clean_interval(values)
        elif values.get("kind") == DAILY:
            if values.get("at") is None:
                self.add_error("at", _("Say at which time."))
            else:
                values["rhythm"] = Rhythm(at=values["at"])
        return values

    def _clean_interval(self, values: dict[str, Any]) -> None:
        if values.get("every") is None:
            if "every" not in self.errors:
                self.add_error("every", _("Say how often."))
            return
        every = timedelta(**{values.get("unit") or "minutes": values["every"]})
        if not SHORTEST <= every <= LONGEST:
            self.add_error("every", _("Between a minute and a day."))
        values["rhythm"] = Rhythm(every=every)


def _first(task: PeriodicTask) -> dict[str, Any]:
    rhythm = periodic.rhythm_of(task)
    first: dict[str, Any] = {"kind": INTERVAL, "unit": "minutes", "is_enabled": task.enabled}
    if rhythm is None:
        return first
    if rhythm.at is not None:
        return {**first, "kind": DAILY, "at": rhythm.at}
    assert rhythm.every is not None
    minutes = max(int(rhythm.every.total_seconds()) // 60, 1)
    is_hours = minutes % 60 == 0
    return {
        **first,
        "every": minutes // 60 if is_hours else minutes,
        "unit": "hours" if is_hours else "minutes",
    }

"""Forms of enrolment keys and of what may be collected."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from apps.collectors.choices import KeyPurpose, Level, Preset
from apps.collectors.details import BY_NAME as DETAILS
from apps.collectors.models import CollectorConfiguration, EnrolmentKey
from apps.collectors.services.enrolment import DEFAULT_TERM
from apps.collectors.switches import PRESETS, SWITCHES, Switch
from apps.collectors.words import WEEKDAYS, value_text
from apps.core import clock, geography
from apps.devices.choices import Platform
from apps.devices.public_addresses import SWITCH

# Consent is not offered: between employer and employee it is rarely free (GDPR recital 43).
LEGAL_BASES = (
    "GDPR Art. 6 (1) f: legitimate interest",
    "GDPR Art. 88: works agreement or national law on employment",
    "GDPR Art. 6 (1) b: contract",
    "GDPR Art. 6 (1) c: legal obligation",
    "GDPR Art. 6 (1) e: public task",
)
LEGAL_BASIS_LABELS = {
    LEGAL_BASES[0]: _("Legitimate interest, GDPR Art. 6 (1) f"),
    LEGAL_BASES[1]: _("Works agreement or national law on employment, GDPR Art. 88"),
    LEGAL_BASES[2]: _("Contract, GDPR Art. 6 (1) b"),
    LEGAL_BASES[3]: _("Legal obligation, GDPR Art. 6 (1) c"),
    LEGAL_BASES[4]: _("Public task, GDPR Art. 6 (1) e"),
}
LONGEST_TERM = timedelta(days=3_650)


def legal_basis_text(value: str) -> str | Promise:
    """Return a legal basis in the reader's language; one of an earlier version as it is."""
    return LEGAL_BASIS_LABELS.get(value, value)


class EnrolmentKeyForm(forms.ModelForm):
    """A new enrolment key."""

    platforms = forms.MultipleChoiceField(
        label=_("Platforms"),
        required=False,
        choices=Platform.choices,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=_("Systems that may enrol; none chosen: all."),
    )
    purpose = forms.ChoiceField(
        label=_("Purpose"),
        choices=[
            (KeyPurpose.FLEET, KeyPurpose.FLEET.label),
            (KeyPurpose.SIMULATION, KeyPurpose.SIMULATION.label),
        ],
        widget=UnfoldAdminSelectWidget,
        help_text=_("Simulated devices are marked as such for ever."),
    )
    expires_on = forms.DateField(
        label=_("Last day"),
        widget=UnfoldAdminTextInputWidget(attrs={"type": "date"}),
        help_text=_("At the end of this day the key expires; who has enrolled stays enrolled."),
    )

    class Meta:
        model = EnrolmentKey
        fields = ["name", "entity", "platforms", "purpose", "maximum_uses"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("expires_on", timezone.localdate(clock.now() + DEFAULT_TERM))

    def clean_expires_on(self) -> datetime:
        """Return the end of the day, in the zone under way."""
        day = self.cleaned_data["expires_on"]
        today = timezone.localdate(clock.now())
        if day < today:
            raise forms.ValidationError(_("Choose today or a later day."), code="past")
        if day > today + LONGEST_TERM:
            raise forms.ValidationError(_("Choose a day within 10 years."), code="too_late")
        return timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))

    def clean_maximum_uses(self) -> int | None:
        """Refuse a key that nobody could use."""
        uses: int | None = self.cleaned_data["maximum_uses"]
        if uses == 0:
            raise forms.ValidationError(_("Let at least one device enrol, or leave it empty."))
        return uses


class TimeInput(forms.TextInput):
    """A time of day, chosen or typed."""

    input_type = "time"


NO_FILES = _(
    "There is no file to look up in: bring one of the .mmdb format and name it in DEX_ADDRESS_FILES."
)


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a switch in the table."""

    value: str
    text: str | Promise
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One switch in the table.

    in_force: value in words, "" where none is in force here. note: what it lacks to have an effect.
    """

    switch: Switch
    field: str
    options: list[Option]
    standard: str | Promise
    strict: str | Promise
    in_force: str | Promise
    differs: bool
    note: str | Promise = ""


class ConfigurationForm(forms.Form):
    """Every switch, with legal basis and purpose; below the instance a switch may be left open.

    in_force: the configuration at this level that holds now, None where there is none.
    start_from: one whose values are offered instead, such as a draft.
    """

    replaces = forms.IntegerField(required=False, widget=forms.HiddenInput)
    preset = forms.ChoiceField(label=_("What is collected"), choices=Preset.choices)
    legal_basis = forms.ChoiceField(
        label=_("Legal basis"),
        choices=[("", _("Choose one")), *LEGAL_BASIS_LABELS.items()],
        help_text=_("Ask your data protection officer and, where there is one, the works council."),
    )
    purpose = forms.CharField(
        label=_("Purpose"),
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Why these data are collected, as employees will read it."),
    )

    days = forms.TypedMultipleChoiceField(
        label=_("Days"),
        required=False,
        coerce=int,
        choices=list(WEEKDAYS.items()),
        widget=forms.CheckboxSelectMultiple,
    )
    start = forms.CharField(label=_("From"), required=False, widget=TimeInput)
    end = forms.CharField(label=_("To"), required=False, widget=TimeInput)
    networks = forms.CharField(
        label=DETAILS["networks"].label,
        help_text=DETAILS["networks"].help_text,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    listed_groups = forms.CharField(
        label=DETAILS["listed_groups"].label,
        help_text=DETAILS["listed_groups"].help_text,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    listed_binaries = forms.CharField(
        label=DETAILS["listed_binaries"].label,
        help_text=DETAILS["listed_binaries"].help_text,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(
        self,
        *args: Any,
        level: Level,
        in_force: CollectorConfiguration | None,
        start_from: CollectorConfiguration | None = None,
        **kwargs: Any,
    ) -> None:
        self.level, self.in_force = level, in_force
        first = {**self._first(level, start_from or in_force)}
        first["replaces"] = in_force.pk if in_force else None
        kwargs.setdefault("initial", first)
        super().__init__(*args, **kwargs)
        for name in DETAILS:
            self.fields[f"has_{name}"] = forms.BooleanField(
                label=_("decided here"), required=False, widget=forms.CheckboxInput
            )
        basis = in_force.legal_basis if in_force else ""
        if basis and basis not in LEGAL_BASES:
            field = self.fields["legal_basis"]
            field.choices = [*field.choices, (basis, basis)]  # type: ignore[attr-defined]
        for switch in self._switches():
            self.fields[f"switch_{switch.name}"] = forms.ChoiceField(
                label=switch.label,  # type: ignore[arg-type]
                required=False,
                choices=[(value, value_text(switch.name, value)) for value in self._values(switch)],
            )

    def clean(self) -> dict[str, Any]:
        """Take the values of a preset from the preset, whatever the table says."""
        values = super().clean() or {}
        names = [switch.name for switch in self._switches()]
        chosen = {name: values.get(f"switch_{name}") or "" for name in names}
        if values.get("preset") == Preset.CUSTOM:
            open_switches = [name for name, value in chosen.items() if not value]
            if self.level == Level.INSTANCE and open_switches:
                self.add_error("preset", _("Decide every switch of the table."))
            if len(open_switches) == len(chosen) and not self._decided_details():
                self.add_error("preset", _("Decide at least one switch of the table."))
        values["switches"] = {name: value for name, value in chosen.items() if value}
        values["details"] = self._clean_details(values)
        return values

    def _decided_details(self) -> list[str]:
        """Return the details that this level decides; the instance decides all of them."""
        if self.level == Level.INSTANCE:
            return list(DETAILS)
        return [name for name in DETAILS if self.cleaned_data.get(f"has_{name}")]

    def _clean_details(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the details in their normal form; what is wrong stands beside its field."""
        typed: dict[str, Any] = {
            name: values.get(name) or "" for name in DETAILS if name != "schedule"
        }
        typed["schedule"] = {name: values.get(name) for name in ("days", "start", "end")}
        if not (values.get("start") or values.get("end")):  # a form that does not ask for it
            typed["schedule"] = self._kept_schedule()
        cleaned: dict[str, Any] = {}
        for name in self._decided_details():
            try:
                cleaned[name] = DETAILS[name].clean(typed[name])
            except forms.ValidationError as error:
                self.add_error("start" if name == "schedule" else name, error)
        return cleaned

    def _kept_schedule(self) -> Mapping[str, Any]:
        kept: Mapping[str, Any] = (self.in_force.details if self.in_force else {}).get(
            "schedule", DETAILS["schedule"].default
        )
        return kept

    @property
    def rows(self) -> Iterator[Row]:
        """Yield the lines of the table."""
        in_force = self.in_force.switches if self.in_force else {}
        for switch in self._switches():
            name = f"switch_{switch.name}"
            chosen = str(self[name].value() or "")
            yield Row(
                switch=switch,
                field=name,
                options=[
                    Option(value, value_text(switch.name, value), value == chosen)
                    for value in self._values(switch)
                ],
                standard=value_text(switch.name, switch.standard),
                strict=value_text(switch.name, switch.strict),
                in_force=value_text(switch.name, in_force.get(switch.name)) if in_force else "",
                differs=chosen not in ("", switch.standard) or chosen not in ("", switch.strict),
                note=NO_FILES if switch.name == SWITCH and not geography.has_files() else "",
            )

    def presets(self) -> list[tuple[str, str | Promise, str | Promise, bool]]:
        """Return the cards: value, title, what it means, whether it is chosen."""
        chosen = str(self["preset"].value() or "")
        texts: Mapping[str, str | Promise] = {
            Preset.STANDARD: _(
                "Clear user and device names, connections and sessions. What those who move over "
                "from another product expect to find; a default, not a recommendation."
            ),
            Preset.STRICT: _(
                "Pseudonyms instead of names, no connections, sessions only as logins. What data "
                "protection by default asks for (GDPR Art. 25)."
            ),
            Preset.CUSTOM: _("Your own mix: decide each switch in the table below."),
        }
        return [(p.value, p.label, texts[p], p.value == chosen) for p in Preset]

    def _switches(self) -> list[Switch]:
        """Return the switches that this level decides."""
        return [s for s in SWITCHES if s.is_collected or self.level == Level.INSTANCE]

    def _values(self, switch: Switch) -> tuple[str, ...]:
        return switch.values if self.level == Level.INSTANCE else ("", *switch.values)

    @staticmethod
    def _first(level: Level, in_force: CollectorConfiguration | None) -> dict[str, Any]:
        if in_force is not None:
            values, preset = in_force.switches, in_force.preset
        elif level == Level.INSTANCE:
            values, preset = PRESETS[Preset.STANDARD], Preset.STANDARD
        else:
            values, preset = {}, Preset.CUSTOM
        details = in_force.details if in_force else {}
        schedule = details.get("schedule", DETAILS["schedule"].default)
        return {
            **schedule,
            **{name: "\n".join(details.get(name, [])) for name in DETAILS if name != "schedule"},
            **{f"has_{name}": name in details for name in DETAILS},
            "preset": preset,
            "legal_basis": in_force.legal_basis if in_force else "",
            "purpose": in_force.purpose if in_force else "",
            **{f"switch_{name}": value for name, value in values.items()},
        }

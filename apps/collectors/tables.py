"""Tables that show what configurations say and change."""

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.collectors import details, differences, effective
from apps.collectors.choices import ConfigurationState, Level, Preset
from apps.collectors.models import CollectorConfiguration
from apps.collectors.switches import BY_NAME, PRESETS, SWITCHES
from apps.collectors.words import LEVELS, setting_label, setting_text, value_text
from apps.core.admin.values import Table, absolute_text, badge, columns
from apps.core.formats import NOTHING


def change_tables(row: CollectorConfiguration) -> list[Table]:
    """Return what a waiting configuration would change at its place, beside both presets.

    Cost: 2 queries.
    """
    heads = columns(
        _("What"), _("Now"), _("Then"), _("Effect"), Preset.STANDARD.label, Preset.STRICT.label
    )
    return [
        Table(
            caption=_("What would change"),
            columns=heads,
            rows=[_line(change) for change in changes_of(row)],
            empty=_("Nothing: what is asked for holds already."),
        )
    ]


def changes_of(row: CollectorConfiguration) -> list[differences.Difference]:
    """Return what a configuration would change at its place, widenings first. Cost: 2 queries."""
    holding = effective.read()
    place, path = effective.place_of(row), effective.path_of(row)
    settings = None if row.is_withdrawal else row.settings
    found = differences.between(
        holding.at(place, path), holding.having(place, settings).at(place, path)
    )
    return sorted(found, key=lambda change: not change.is_wider)


def effective_table(result: effective.Effective) -> Table:
    """Return every setting with its value, its level, and how it differs from the presets."""
    return Table(
        caption=_("What is collected"),
        columns=columns(_("What"), _("Value"), _("Decided by"), _("Differs from the presets")),
        rows=[
            [
                setting_label(name),
                setting_text(name, value),
                LEVELS[result.origins[name]],
                difference_text(name, value),
            ]
            for name, value in result.settings.items()
        ],
    )


def difference_text(name: str, value: Any) -> str:
    """Return which presets have another value, and which."""
    if value is None:
        return NOTHING
    others = [
        f"{preset.label}: {value_text(name, PRESETS[preset][name])}"
        for preset in (Preset.STANDARD, Preset.STRICT)
        if name in BY_NAME and PRESETS[preset][name] != value
    ]
    return "; ".join(others) or NOTHING


def announced_tables(result: effective.Effective) -> list[Table]:
    """Return the changes that are decided and not yet in force, a table each."""
    return [
        Table(
            caption=gettext("From %s on") % absolute_text(soon.starts_at),
            columns=columns(_("What"), _("Now"), _("Then")),
            rows=[
                [
                    setting_label(name),
                    setting_text(name, change["old"]),
                    setting_text(name, change["new"]),
                ]
                for name, change in soon.changes.items()
            ],
        )
        for soon in result.announced
    ]


def previous(row: CollectorConfiguration) -> CollectorConfiguration | None:
    """Return the configuration that `row` replaced. Cost: 1 query."""
    rows = CollectorConfiguration.objects.at(row.level, row.entity, row.device).filter(
        version__lt=row.version,
        state__in=[ConfigurationState.ACTIVE, ConfigurationState.REPLACED],
    )
    return rows.order_by("-version").first()


def switch_table(row: CollectorConfiguration, before: CollectorConfiguration | None) -> Table:
    """Return every setting of a configuration, and how it differs."""
    heads: list[Any] = [_("What"), _("Value"), _("Differs from the presets")]
    heads += [_("Before (version %d)") % before.version] if before else []
    lines: list[list[Any]] = []
    for name in (*_switches_of(row), *details.BY_NAME):
        value = row.settings.get(name)
        line: list[Any] = [
            setting_label(name),
            setting_text(name, value),
            difference_text(name, value),
        ]
        if before is not None:
            line.append(_change_text(name, before.settings.get(name), value))
        lines.append(line)
    return Table(caption=_("Switches of this configuration"), columns=columns(*heads), rows=lines)


def _switches_of(row: CollectorConfiguration) -> list[str]:
    is_instance = row.level == Level.INSTANCE
    return [switch.name for switch in SWITCHES if switch.is_collected or is_instance]


def _line(change: differences.Difference) -> list[Any]:
    return [
        setting_label(change.name),
        setting_text(change.name, change.old),
        setting_text(change.name, change.new),
        _effect(change),
        preset_text(change.name, Preset.STANDARD),
        preset_text(change.name, Preset.STRICT),
    ]


def _effect(change: differences.Difference) -> str:
    is_collected = change.name not in BY_NAME or BY_NAME[change.name].is_collected
    if change.is_wider:
        return badge(_("collects more") if is_collected else _("shows more"), "warning")
    if change.is_narrower:
        return badge(_("collects less") if is_collected else _("shows less"), "success")
    return NOTHING


def preset_text(name: str, preset: Preset) -> Any:
    """Return the value of a setting under a preset."""
    value = PRESETS[preset][name] if name in BY_NAME else details.BY_NAME[name].default
    return setting_text(name, value)


def _change_text(name: str, old: Any, new: Any) -> Any:
    return NOTHING if old == new else badge(setting_text(name, old), "info")

"""Give stored presets the switches that came since; without them they would be no presets."""

from typing import Any

from django.db import migrations

RANKING = "individual_ranking"  # of the whole instance alone
ADDED = {"standard": {"pause": "off"}, "strict": {"pause": "on"}}
RANKED = {"standard": "allowed", "strict": "refused"}  # of a custom one: refused until chosen


def complete(apps: Any, schema_editor: Any) -> None:
    """Add what a stored preset lacks."""
    rows = apps.get_model("collectors", "CollectorConfiguration").objects
    for row in rows.filter(preset__in=ADDED, is_withdrawal=False):
        added = dict(ADDED[row.preset])
        if row.level == "instance":
            added[RANKING] = RANKED[row.preset]
        row.switches = {**added, **row.switches}
        row.save(update_fields=["switches"])


def forget(apps: Any, schema_editor: Any) -> None:
    """Take out what an earlier version does not know."""
    rows = apps.get_model("collectors", "CollectorConfiguration").objects
    for row in rows.filter(switches__has_key=RANKING):
        del row.switches[RANKING]
        row.save(update_fields=["switches"])


class Migration(migrations.Migration):
    dependencies = [
        ("collectors", "0010_call_uninstalled_collectors_unenrolled"),
    ]

    operations = [migrations.RunPython(complete, forget)]

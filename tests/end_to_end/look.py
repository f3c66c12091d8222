"""Pictures of every page, to look at: `python -m tests.end_to_end.look FOLDER`.

Not collected by a run of the tests: a person judges pictures, a machine does not.
"""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FOLDER = "LOOK_FOLDER"  # not DEX_: a run of tests forgets those
WIDTHS = (390, 1024, 1440)  # pixels
PAGES = {
    "home": "/admin/",
    "devices": "/admin/devices/device/",
    "devices-empty": "/admin/devices/device/?q=nothing",
    "device": "/admin/devices/device/{device}/change/",
    "boots": "/admin/devices/boot/",
    "performance": "/admin/devices/performancesample/",
    "networks": "/admin/devices/connectivitysample/",
    "performance-by-day": "/admin/devices/performancedaily/",
    "networks-by-day": "/admin/devices/connectivitydaily/",
    "crashes": "/admin/devices/systemcrash/",
    "changes": "/admin/devices/devicechange/",
    "collector-events": "/admin/collectors/collectorevent/",
    "users": "/admin/users/user/",
    "user": "/admin/users/user/{user}/change/",
    "sessions": "/admin/users/session/",
    "session": "/admin/users/session/{session}/change/",
    "session-changes": "/admin/users/sessionchange/",
    "session-time": "/admin/users/sessionsample/",
    "session-time-by-day": "/admin/users/sessiondaily/",
    "binaries": "/admin/binaries/binary/",
    "binary": "/admin/binaries/binary/{binary}/change/",
    "executions": "/admin/binaries/executionsample/",
    "executions-by-day": "/admin/binaries/executiondaily/",
    "program-crashes": "/admin/binaries/executioncrash/",
    "connections": "/admin/binaries/connectionsample/",
    "connections-by-day": "/admin/binaries/connectiondaily/",
    "packages": "/admin/binaries/package/",
    "package": "/admin/binaries/package/{package}/change/",
    "installations": "/admin/binaries/packageinstallation/",
    "uninstallations": "/admin/binaries/packageuninstallation/",
    "keys": "/admin/collectors/enrolmentkey/",
    "key-add": "/admin/collectors/enrolmentkey/add/",
    "key": "/admin/collectors/enrolmentkey/{key}/change/",
    "key-revoke": "/admin/collectors/enrolmentkey/{key}/revoke/",
    "collectors": "/admin/collectors/collector/",
    "collector": "/admin/collectors/collector/{collector}/change/",
    "configurations": "/admin/collectors/collectorconfiguration/",
    "configuration": "/admin/collectors/collectorconfiguration/{configuration}/change/",
    "decide": "/admin/collectors/collectorconfiguration/add/?level=instance",
    "decide-where": "/admin/collectors/collectorconfiguration/add/",
    "delete-collected": "/admin/collectors/collectorconfiguration/{configuration}/delete-collected/",
    "approvals": "/admin/core/approval/",
    "approval": "/admin/core/approval/{approval}/change/",
    "approval-decide": "/admin/core/approval/{approval}/decide/",
    "jobs": "/admin/collectors/collectionjob/",
    "job-add": "/admin/collectors/collectionjob/add/",
    "epochs": "/admin/collectors/hashepoch/",
    "epoch-add": "/admin/collectors/hashepoch/add/",
    "effective": "/admin/collectors/collectorconfiguration/effective/?device={device}",
    "refusals": "/admin/collectors/refusalcount/",
    "entities": "/admin/organization/entity/",
    "entities-import": "/admin/organization/entity/import/",
    "rules": "/admin/organization/classificationrule/",
    "rule-add": "/admin/organization/classificationrule/add/",
    "rules-order": "/admin/organization/classificationrule/order/",
    "rules-run": "/admin/organization/classificationrule/run/",
    "rules-import": "/admin/organization/classificationrule/import/",
    "sites": "/admin/organization/site/",
    "site-add": "/admin/organization/site/add/",
    "sites-run": "/admin/organization/site/run/",
    "fields": "/admin/organization/customfield/",
    "field-add": "/admin/organization/customfield/add/",
    "device-move": "/admin/devices/device/{device}/decide/move/",
    "device-fields": "/admin/devices/device/{device}/fields/",
    "user-fields": "/admin/users/user/{user}/fields/",
    "binary-fields": "/admin/binaries/binary/{binary}/fields/",
    "accounts": "/admin/accounts/account/",
    "audit": "/admin/audit/inboxevent/",
    "tasks": "/admin/django_celery_beat/periodictask/",
    "task": "/admin/django_celery_beat/periodictask/{task}/change/",
    "upkeep": "/admin/events/upkeeprun/",
    "storage": "/admin/events/upkeeprun/storage/",
    "retention": "/admin/gdpr/retentionpolicy/",
    "retention-terms": "/admin/gdpr/retentionpolicy/terms/",
    "data-inventory": "/admin/gdpr/retentionpolicy/fields/",
}


def main() -> int:
    """Take the pictures into the folder that the command line names."""
    os.environ[FOLDER] = str(Path(sys.argv[1] if len(sys.argv) > 1 else "look").resolve())
    return int(pytest.main([str(Path(__file__)), "-q", "-p", "no:cacheprovider"]))


@pytest.fixture
def console(transactional_db: None, fixed_clock: Any, live_server: Any, page: Any) -> Iterator[Any]:
    """Yield a page on which Ada is signed in, a fleet before her."""
    from django.core.management import call_command

    from apps.collectors.choices import Level, Preset
    from apps.collectors.services import configuration
    from apps.events import upkeep
    from tests.conftest import NOW
    from tests.factories.accounts import PASSWORD, make_account
    from tests.factories.collectors import ask_for_more
    from tests.factories.fleet import make_fleet
    from tests.factories.organization import make_entity

    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # the browser's driver runs a loop
    make_account("ada", kind="main", password=PASSWORD)
    paris, lyon = make_entity("Paris"), make_entity("Lyon")
    make_fleet(paris, lyon)
    configuration.save_configuration(
        level=Level.ENTITY,
        preset=Preset.CUSTOM,
        values={"username": "hashed"},
        entity=lyon,
        now=NOW,
    )
    dora = make_account("dora", kind="administrator")
    ask_for_more(dora)
    add_fields(dora)
    call_command("sync_schedule", verbosity=0)
    upkeep.rotate_partitions(now=NOW)
    upkeep.roll_up(now=NOW)
    page.goto(f"{live_server.url}/admin/")
    page.fill('input[name="username"]', "ada")
    page.fill('input[name="password"]', PASSWORD)
    page.press('input[name="password"]', "Enter")
    page.wait_for_url(f"{live_server.url}/admin/")
    return page


def add_fields(actor: Any) -> None:
    """Define a field of devices with a value, and two of users with one."""
    from apps.devices.models import Device
    from apps.users.models import User
    from tests.organization.test_fields import make_field

    make_field(actor, nql_id="owner", name="Owner", personal_class="direct")
    make_field(actor, target="user")
    words = ["early", "late"]
    make_field(actor, target="user", nql_id="shift", name="Shift", type="enum", words=words)
    Device.objects.filter(name="paris-lt-014").update(custom={"owner": "Ada"})
    User.objects.update(custom={"shift": "late", "cost_centre": "K 17"})


def names() -> dict[str, int]:
    """Return the rows that the pages are about."""
    from django_celery_beat.models import PeriodicTask

    from apps.binaries.models import Binary, Package
    from apps.collectors.models import Collector, CollectorConfiguration, EnrolmentKey
    from apps.core.approvals.models import Approval
    from apps.devices.models import Device
    from apps.users.models import Session, User

    device = Device.objects.get(name="paris-lt-014")
    models: dict[str, Any] = {
        "user": User.objects.filter(name__contains="rossi"),
        "session": Session.objects.filter(end_time_at__isnull=False).order_by("-start_time_at"),
        "binary": Binary.objects.filter(name="firefox"),
        "package": Package.objects.filter(name="firefox"),
        "key": EnrolmentKey.objects.all(),
        "collector": Collector.objects.order_by("-pk"),
        "configuration": CollectorConfiguration.objects.filter(level="entity"),
        "approval": Approval.objects.waiting(),
        "task": PeriodicTask.objects.filter(name="events.roll_up"),
    }
    return {"device": device.pk} | {name: rows.first().pk for name, rows in models.items()}


def test_take_pictures(console: Any, live_server: Any) -> None:
    """Write one picture for each page, width and theme; no page may say an error in the console."""
    folder = Path(os.environ.get(FOLDER, "look"))
    folder.mkdir(parents=True, exist_ok=True)
    wanted = re.compile(os.environ.get("LOOK_ONLY", ""))
    complaints: list[str] = []

    def keep(said: Any) -> None:
        if said.type == "error":
            complaints.append(said.text)

    console.on("console", keep)
    keys = names()
    for name, address in PAGES.items():
        if not wanted.search(name):
            continue
        for theme in ("light", "dark"):
            console.emulate_media(color_scheme=theme)
            for width in WIDTHS if theme == "light" else WIDTHS[-1:]:
                console.set_viewport_size({"width": width, "height": 900})
                console.goto(live_server.url + address.format(**keys))
                console.wait_for_load_state("networkidle")
                console.screenshot(path=folder / f"{name}-{theme}-{width}.png", full_page=True)
    assert complaints == []


if __name__ == "__main__":
    sys.exit(main())

"""A narrowing offers to delete what was collected: each field that its switch governs goes."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from apps.accounts.models import Account
from apps.binaries import upkeep as binaries
from apps.collectors.choices import Level
from apps.collectors.services import deletion, jobs
from apps.devices.models import Device, PerformanceSample
from apps.users import upkeep as users
from tests.conftest import NOW
from tests.factories.collectors import configure
from tests.gdpr.governed import (
    STRICTEST,
    WIDEST,
    WITH_FIELDS,
    held,
    know_places,
    tell_all_under,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock", "_places")]


@pytest.fixture
def _places(tmp_path: Path, settings: Any) -> None:
    know_places(tmp_path, settings)


@pytest.mark.parametrize("switch", WITH_FIELDS)
def test_takes_every_field_that_the_switch_governs(ada: Account, switch: str) -> None:
    tell_all_under(WIDEST)
    configure(**{**WIDEST, switch: STRICTEST[switch]})
    before = held(switch)

    place = {"level": Level.INSTANCE, "entity": None, "device": None}
    job = jobs.start(
        kind=deletion.KIND, parameters={**place, "switches": [switch]}, actor=ada, now=NOW
    )
    jobs.run_open()
    users.refresh_use(now=NOW)  # as each night: what is summed up from devices,
    binaries.purge_orphans(now=NOW + timedelta(days=40))  # and what none has had for a month

    job.refresh_from_db()
    assert (job.state, job.error) == ("done", "")
    assert before != []
    assert held(switch) == []
    assert PerformanceSample.objects.exists()
    assert Device.objects.get().hardware_model == "Latitude 7440"

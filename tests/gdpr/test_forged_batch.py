"""A sender that ignores its configuration, and tells all: what each switch keeps out.

What a switch governs is read from the data inventory, so what that tells people is tried here.
"""

import logging
from pathlib import Path
from typing import Any

import pytest

from apps.collectors.models import RefusalCount
from apps.collectors.switches import SWITCHES
from apps.core.personal_data.registry import own_models
from apps.devices.models import Device, PerformanceSample
from tests.factories.everything import CANARIES
from tests.gdpr.governed import (
    STRICTEST,
    WIDEST,
    WITH_FIELDS,
    WITHOUT_FIELDS,
    governed,
    held,
    know_places,
    tell_all_under,
    told,
)
from tests.scan import tables_with

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock", "_places")]


@pytest.fixture
def _places(tmp_path: Path, settings: Any) -> None:
    know_places(tmp_path, settings)


@pytest.mark.case("data-model.5")
class TestEachSwitch:
    def test_is_known_to_the_inventory(self) -> None:
        named = {switch for entry in governed() for switch in entry.switches}

        assert named | WITHOUT_FIELDS == {switch.name for switch in SWITCHES}

    def test_on_lets_in_every_field_that_it_governs(self) -> None:
        answers = tell_all_under(WIDEST)

        assert [answer.json()["refused"] for answer in answers] == [[], []]
        assert [answer.json()["dropped_by_configuration"] for answer in answers] == [1, 0]
        missing = [e for e in governed() if e.source == "collector" and not told(e)]
        assert [f"{e.table}.{e.field}" for e in missing] == []

    @pytest.mark.parametrize("switch", WITH_FIELDS)
    def test_off_keeps_out_and_counts_every_field_that_it_governs(self, switch: str) -> None:
        answers = tell_all_under({**WIDEST, switch: STRICTEST[switch]})

        assert [answer.json()["refused"] for answer in answers] == [[], []]
        assert held(switch) == []
        assert PerformanceSample.objects.exists()
        assert Device.objects.get().hardware_model == "Latitude 7440"
        counted = RefusalCount.objects.filter(origin="configuration", code=switch).exists()
        assert counted or switch == "public_ip_location"  # no device tells what is looked up


class TestEverythingOff:
    def test_leaves_no_trace_in_any_table_log_or_answer(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)

        answers = tell_all_under(STRICTEST)

        assert [answer.json()["refused"] for answer in answers] == [[], []]
        texts = [
            *(answer.content.decode() for answer in answers),
            *(record.getMessage() for record in caplog.records),
        ]
        assert [(canary, found) for canary in CANARIES if (found := tables_with(canary))] == []
        assert [c for c in CANARIES if any(c in text for text in texts)] == []
        assert held() == []

    def test_leaves_no_row_of_a_person(self) -> None:
        tell_all_under(STRICTEST)

        linked = [
            model
            for model in own_models()
            if any(field.column == "user_id" for field in model._meta.local_concrete_fields)
        ]
        assert len(linked) > 10
        assert [m for m in linked if m._default_manager.exclude(user=None).exists()] == []

    def test_leaves_what_devices_are_for(self) -> None:
        tell_all_under(STRICTEST)

        device = Device.objects.get()
        assert (device.hardware_model, device.virtualization_type) == ("Latitude 7440", "pooled")
        assert PerformanceSample.objects.count() == 1

    def test_is_found_where_all_is_on(self) -> None:
        tell_all_under(WIDEST)

        assert [canary for canary in CANARIES if not tables_with(canary)] == []

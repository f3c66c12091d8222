"""The registry of what fields say about people."""

from typing import Any

import pytest

from apps.audit.models import AuditCheckpoint
from apps.core.models import Generation
from apps.core.personal_data import (
    BEHAVIOUR,
    DIRECT,
    NONE,
    Classification,
    appraisal,
    narrow,
    of,
    register,
    registry,
)


class TestClassification:
    def test_fills_in_the_subject_of_its_keys(self) -> None:
        table = Classification(keys={"device": "device_id"}, fields={"name": DIRECT})

        assert table.of("name").subject == "device"

    def test_lets_a_field_speak_of_somebody_else(self) -> None:
        table = Classification(keys={"device": "id"}, fields={"owner": of(DIRECT, "user")})

        assert table.of("owner").subject == "user"

    def test_takes_a_user_for_the_subject_when_nobody_says(self) -> None:
        assert Classification(fields={"name": DIRECT}).of("name").subject == "user"

    def test_keeps_properties_side_by_side(self) -> None:
        found = Classification(fields={"title": narrow(appraisal(BEHAVIOUR))}).of("title")

        assert (found.narrow, found.appraisal) == (True, True)


class TestRegistry:
    def test_refuses_a_model_twice(self) -> None:
        with pytest.raises(ValueError, match="classified already"):
            register(Generation, Classification(fields={}))

    def test_names_what_is_missing_and_what_is_unknown(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        table = Classification(fields={"name": NONE, "colour": NONE}, keys={"user": "owner"})
        classified: Any = registry._classified
        monkeypatch.setitem(classified, Generation, table)

        assert list(registry.problems(Generation)) == [
            "core.Generation.value has no personal-data class.",
            "core.Generation.colour is classified but is no field.",
            "core.Generation: the key owner of user is no field.",
        ]

    def test_names_a_model_that_nobody_classified(self, monkeypatch: pytest.MonkeyPatch) -> None:
        classified: Any = registry._classified
        monkeypatch.delitem(classified, AuditCheckpoint)

        [problem] = registry.problems(AuditCheckpoint)

        assert "has no personal-data classification" in problem

    def test_walks_upper_apps_first(self) -> None:
        labels = [model._meta.app_label for model, _column in registry.tables_of("device")]

        assert labels.index("devices") > labels.index("binaries")

"""The inventory of every field: complete, of one mind with the catalogue, shown and exported."""

import csv
import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from apps.core.personal_data import NONE, PrivacyLevel, masking, registry
from apps.core.personal_data.classes import Classification
from apps.core.personal_data.registry import own_models
from apps.devices.models import Boot
from apps.events import inventory
from apps.gdpr.data_inventory import categories, entries, entries_of, exports, problems
from apps.gdpr.data_inventory.entries import Entry
from apps.nql import catalog
from tests.factories.accounts import make_account, make_profile

URL = "/admin/gdpr/retentionpolicy/fields/"
CLASSIFIED: dict[Any, Any] = registry._classified


def entry(table: str, field: str) -> Entry:
    """Return one entry."""
    return next(e for e in entries() if (e.table, e.field) == (table, field))


class TestEntries:
    @pytest.mark.case("data-model.2")
    @pytest.mark.parametrize("model", list(own_models()), ids=lambda model: model._meta.label)
    def test_name_every_field_with_the_class_of_the_registry(self, model: Any) -> None:
        listed = {column: found for found in entries_of(model) for column in found.columns}
        known = registry.classification(model)

        assert known is not None
        for field in [*model._meta.concrete_fields, *model._meta.local_many_to_many]:
            found, said = listed[field.column or field.name], known.of(field.name)
            assert found.data_class == said.value.value
            assert (found.is_narrow, found.is_appraisal) == (said.narrow, said.appraisal)

    @pytest.mark.case("data-model.2")
    @pytest.mark.parametrize("table", list(catalog.tables()), ids=lambda table: table.name)
    def test_agree_with_the_catalogue(self, table: catalog.Table) -> None:
        listed = {path: found for found in entries() for path in found.paths}

        for field in table.fields:
            known = table.class_of(field.path)
            assert known is not None
            found = listed[f"{table.name} {field.path}"]
            assert (found.data_class, found.is_narrow) == (known.value.value, known.narrow)

    @pytest.mark.case("data-model.2")
    def test_have_no_gap(self) -> None:
        assert list(problems()) == []

    @pytest.mark.case("privacy.7")
    def test_a_field_without_class_is_a_gap(self, monkeypatch: pytest.MonkeyPatch) -> None:
        known = CLASSIFIED[Boot]
        poorer = {name: found for name, found in known.fields.items() if name != "duration_ms"}
        monkeypatch.setitem(CLASSIFIED, Boot, Classification(fields=poorer, keys=known.keys))

        assert "devices.Boot.duration_ms has no personal-data class." in list(problems())
        assert (
            "device_performance.boots duration can be asked, but has no personal-data class."
            in list(problems())
        )
        with pytest.raises(CommandError):
            call_command("data_inventory", check=True, stderr=io.StringIO())

    def test_a_metric_that_says_something_else_is_a_gap(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from apps.binaries.models import ExecutionSample

        known = CLASSIFIED[ExecutionSample]
        other = {**known.fields, "execution_duration_ms_sum": NONE}
        monkeypatch.setitem(
            CLASSIFIED, ExecutionSample, Classification(fields=other, keys=known.keys)
        )

        assert (
            "execution.events and the registry disagree about execution_duration_ms_sum."
            in list(problems())
        )

    def test_tell_switch_source_and_term(self) -> None:
        name = entry("devices.Device", "name")
        duration = entry("binaries.ExecutionDaily", "user")

        assert (name.switches, name.source) == (("device_name",), "collector")
        assert (name.retention, name.erasure, name.retrieval) == ("inventory", "delete", "device")
        assert name.hidden_from == PrivacyLevel.USERS
        assert (duration.retention, duration.retrieval) == ("daily_person", "user")
        assert "executions" in duration.switches
        assert entry("devices.ClassificationRun", "total").source == "server"

    @pytest.mark.parametrize(
        ("table", "field", "source"),
        [
            ("devices.Device", "virtualization_type", "collector"),
            ("devices.Device", "virtualization_region", "connector"),
            ("devices.Device", "collector_tag_string", "administrator"),
            ("devices.Device", "collector_dropped_records", "server"),
            ("collectors.Collector", "version", "collector"),
            ("collectors.Collector", "last_contact_at", "server"),
            ("collectors.RefusalCount", "number", "server"),
        ],
    )
    def test_tell_whose_word_a_field_is(self, table: str, field: str, source: str) -> None:
        assert entry(table, field).source == source

    @pytest.mark.parametrize("part", list(inventory.registered()), ids=lambda part: part.name)
    def test_know_the_switches_of_the_inventory(self, part: inventory.Part) -> None:
        switches = {part.switch, *part.field_switches.values()} - {None}
        switches |= {switch for switch, _permitted in part.permitted.values()}

        assert switches <= {switch for found in entries() for switch in found.switches}

    @pytest.mark.parametrize("model", list(own_models()), ids=lambda model: model._meta.label)
    def test_tell_from_which_level_on_a_field_is_hidden(self, model: Any) -> None:
        names = {field.column: field.name for field in model._meta.concrete_fields}

        for found in entries_of(model):
            first = 4 if found.hidden_from is None else found.hidden_from
            hidden = [
                level
                for level in PrivacyLevel
                if masking.may_hide(level, model, names.get(found.columns[0], found.field))
            ]
            assert hidden == [level for level in PrivacyLevel if level >= first]

    @pytest.mark.parametrize("model", list(own_models()), ids=lambda model: model._meta.label)
    def test_every_table_has_a_purpose(self, model: Any) -> None:
        assert categories.category_of(model).purpose


@pytest.mark.django_db
class TestExports:
    def test_csv_holds_every_entry_and_no_formula(self) -> None:
        rows = list(csv.DictReader(io.StringIO(exports.as_csv(entries()))))

        assert len(rows) == len(list(entries()))
        assert not [
            cell for row in rows for cell in row.values() if cell.startswith(exports.FORMULA)
        ]

    @pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A1", "\tx", "\rx"])
    def test_csv_defuses_formulas(self, text: str) -> None:
        assert exports._cell(text) == f"'{text}"

    def test_json_can_be_read(self) -> None:
        found = json.loads(exports.as_json(entries()))

        assert set(found[0]) == set(exports.MEMBERS)

    def test_html_escapes(self) -> None:
        page = exports.as_html(entries_of(Boot))

        assert "<h1>Data inventory</h1>" in page
        assert "device_performance.boots" in page

    def test_command_prints_it(self) -> None:
        out = io.StringIO()

        call_command("data_inventory", format="json", stdout=out)

        assert len(json.loads(out.getvalue())) == len(list(entries()))


@pytest.mark.django_db
class TestPage:
    def test_shows_fields_and_purposes(self, ada_client: Client) -> None:
        page = ada_client.get(URL).content.decode()

        assert "Purposes" in page
        assert f"{len(list(entries()))} fields" in page
        assert "Retention policies" not in page

    def test_says_a_term_once(self, ada_client: Client) -> None:
        page = ada_client.get(URL + "?retention=derived").content.decode()

        assert "as what refers to it</td>" in page

    @pytest.mark.parametrize(
        ("query", "present", "absent"),
        [
            ("?q=host+name", "Host name reported", "Installed physical memory"),
            ("?switch=serial_numbers", "machine_serial_number", "hardware_model"),
            ("?class=secret", "token_hash", "hardware_model"),
            ("?subject=user&class=direct", "username", "hardware_model"),
            ("?appraisal=1&category=programs", "execution_duration_ms", "size_bytes"),
        ],
    )
    def test_filters_and_searches(
        self, ada_client: Client, query: str, present: str, absent: str
    ) -> None:
        page = ada_client.get(URL + query).content.decode()

        assert present in page
        assert absent not in page

    def test_bears_nonsense(self, ada_client: Client) -> None:
        page = ada_client.get(URL + "?class=none-such&page=x&q=%00%3Cscript%3E&format=exe")

        assert page.status_code == 200
        assert b"No field is as you chose." in page.content
        assert b"<script>\x00" not in page.content

    def test_pages(self, ada_client: Client) -> None:
        assert 'rel="next"' in ada_client.get(URL).content.decode()
        assert 'rel="prev"' in ada_client.get(URL + "?page=2").content.decode()

    @pytest.mark.parametrize("name", ["csv", "json", "html"])
    def test_gives_what_is_chosen_as_a_file(self, ada_client: Client, name: str) -> None:
        response = ada_client.get(URL, {"format": name, "class": "secret"})

        assert response["Content-Disposition"] == f'attachment; filename="data-inventory.{name}"'
        assert b"token_hash" in response.content
        assert b"hardware_model" not in response.content

    def test_costs_few_queries(
        self, ada_client: Client, django_assert_max_num_queries: Any
    ) -> None:
        with django_assert_max_num_queries(8):
            ada_client.get(URL)

    def test_is_open_to_a_council_and_closed_to_others(
        self, client: Client, cleo_client: Client, ben_client: Client
    ) -> None:
        profile = make_profile("Council", permissions=["gdpr.view_data_inventory"])
        client.force_login(make_account("council", profile=profile))

        assert client.get(URL).status_code == 200
        assert client.get("/admin/gdpr/retentionpolicy/").status_code == 403
        assert cleo_client.get(URL).status_code == 403
        assert ben_client.get(URL, {"format": "csv"}).status_code == 403

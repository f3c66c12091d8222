"""Entities and rules as files: read strictly, written safely, all or nothing."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from apps.accounts.models import Account
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.organization import entity_files, rule_files, services, sheets
from apps.organization.models import ClassificationRule, Entity
from tests.conftest import NOW
from tests.devices.test_classification import make_devices
from tests.factories.accounts import make_account, make_profile
from tests.factories.organization import grant, make_entity
from tests.factories.rules import make_rules, rule
from tests.organization.test_rule_pages import PREVIEW, RULES, names, token

pytestmark = pytest.mark.django_db

ENTITIES = "/admin/organization/entity/"
HEAD = "name,entity,active,matching,fact,value\n"


def problems(plan: Any) -> list[str]:
    return [str(problem) for problem in plan.problems]


def upload(text: str) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("file.csv", text.encode())}


class TestSheets:
    @pytest.mark.parametrize("cell", ["=1+1", "+a", "-b", "@c", "\td", "'=e", "''", "plain", "'q"])
    def test_hold_no_formulas_and_read_as_they_were(self, cell: str) -> None:
        text = sheets.write(["path"], [[cell]])

        line = text.splitlines()[1].strip('"')
        assert line[0] not in "=+-@\t"
        assert sheets.read(text, ["path"])[0].cells["path"] == cell

    def test_may_have_semicolons_and_a_mark_in_front(self) -> None:
        lines = sheets.read("\ufeffParent;Name\r\n;Paris\r\n\r\n".encode(), ["parent", "name"])

        assert [(line.number, line.get("name")) for line in lines] == [(2, "Paris")]

    @pytest.mark.parametrize(
        "data",
        [b"", b"\xff", b"path\n\0", b"colour\nred", b"path,path\n", b'path\n"a', b"x" * 1_000_001],
    )
    def test_are_refused_with_a_sentence(self, data: bytes) -> None:
        with pytest.raises(sheets.SheetRefused) as refused:
            sheets.read(data, ["path"])

        assert str(refused.value)


class TestEntities:
    def test_are_added_with_those_above(self, ada: Account) -> None:
        data = "path\nFrance / Paris / Floor\nfrance/paris\n"

        plan = services.import_entities(data=data, actor=ada, now=NOW)

        assert plan.added_places == ["France", "France / Paris", "France / Paris / Floor"]
        floor = Entity.objects.get(name="Floor")
        assert floor.parent is not None
        assert floor.path == f"{floor.parent.path}{floor.pk}/"
        event = InboxEvent.objects.latest("pk")
        assert (event.code, event.detail["added"]) == (AuditCode.ENTITIES_IMPORTED, 3)

    def test_are_added_once(self, ada: Account, paris: Entity) -> None:
        data = "parent,name\n,Paris\nParis,Floor\nOrganisation,Lyon\n"
        services.import_entities(data=data, actor=ada, now=NOW)
        rows = Entity.objects.count()

        plan = services.import_entities(data=data, actor=ada, now=NOW)

        assert (plan.known, len(plan.added), Entity.objects.count()) == (3, 0, rows)

    def test_come_back_as_they_were_exported(self, ada: Account, paris: Entity) -> None:
        make_entity("=A/B", paris)
        text = entity_files.export(Entity.objects.all())
        assert "Paris / =A//B" in text

        assert entity_files.plan(text).added == []

    def test_change_nothing_where_a_line_is_wrong(self, ada: Account) -> None:
        long = "x" * 101
        data = f"path,parent,name\nParis,,\n,,\n{long},,\nparis,,\nA,B,C\n{'/'.join('abcdefghijklmnopqrstu')},,"

        found = entity_files.plan(data)
        with pytest.raises(services.FileHasProblems):
            services.import_entities(data=data, actor=ada, now=NOW)

        assert [text.split(":")[0] for text in problems(found)] == [
            "Line 4",
            "Line 5",
            "Line 6",
            "Line 7",
        ]
        assert not Entity.objects.filter(name="Paris").exists()

    def test_cost_no_more_questions_for_more_lines(
        self, ada: Account, django_assert_max_num_queries: Any
    ) -> None:
        data = "path\n" + "\n".join(f"Site {number} / Floor" for number in range(500))

        with django_assert_max_num_queries(16):
            services.import_entities(data=data, actor=ada, now=NOW)

        assert Entity.objects.filter(name="Floor").count() == 500


class TestRules:
    def test_come_back_as_they_were_exported(self, paris: Entity, lyon: Entity) -> None:
        make_rules(
            rule(paris, ("device_name", "-p*"), ("key_entity", str(lyon.pk)), name="=A"),
            rule(lyon, ("platform", "linux"), name="B", matching="any", is_active=False),
        )
        present = ClassificationRule.objects.as_rules()

        found = rule_files.plan(rule_files.export(present), present)

        assert (found.rules, found.problems) == (present, [])

    def test_name_every_bad_line(self, paris: Entity) -> None:
        data = HEAD + (
            "A,Paris,yes,all,device_name,p*\n"
            "A,Paris,no,all,device_name,q*\n"
            "B,Atlantis,yes,all,platform,linux\n"
            "C,Paris,perhaps,some,local_address,10.1\n"
            "D,Paris,,,serial,7\n"
        )

        found = rule_files.plan(data, [])

        assert [text.split(":")[0] for text in problems(found)] == [
            "Line 3",
            "Line 4",
            "Line 5",
            "Line 5",
            "Line 5",
            "Line 6",
        ]

    @pytest.mark.parametrize("name", ["", "x" * 101])
    def test_need_a_name(self, paris: Entity, name: str) -> None:
        found = rule_files.plan(f"{HEAD}{name},Paris,,,platform,linux\n", [])

        assert len(problems(found)) == 1

    def test_of_one_name_stand_together(self, paris: Entity) -> None:
        lines = [f"{name},Paris,,,platform,linux" for name in "ABa"]

        found = rule_files.plan(HEAD + "\n".join(lines), [])

        assert problems(found) == ["Line 4: There is a rule of this name."]


class TestPages:
    def test_add_entities_once_they_were_looked_at(self, ada_client: Client) -> None:
        page = ada_client.post(f"{ENTITIES}import/", upload("path\nFrance / Paris\n"))
        text = page.content.decode()
        assert "2 entities would be added." in text
        assert not Entity.objects.filter(name="Paris").exists()

        ada_client.post(f"{ENTITIES}import/", {"token": token(text), "confirmed": "yes"})

        assert Entity.objects.filter(name="Paris").exists()

    def test_name_bad_lines(self, ada_client: Client) -> None:
        page = ada_client.post(f"{ENTITIES}import/", upload("path\nParis\nParis\n"))

        assert "Line 3" in page.content.decode()
        assert 'name="token"' not in page.content.decode()

    def test_refuse_what_is_no_file_of_ours(self, ada_client: Client) -> None:
        page = ada_client.post(f"{ENTITIES}import/", upload("colour\nred\n"))
        assert "colour" in page.content.decode()

        answer = {"token": "forged", "confirmed": "yes"}
        assert ada_client.post(f"{ENTITIES}import/", answer).status_code == 404

    def test_replace_rules_after_a_preview(self, ada_client: Client, paris: Entity) -> None:
        data = HEAD + "A,Paris,yes,all,device_name,p*\n"

        page = ada_client.post(f"{RULES}import/", upload(data)).content.decode()
        ada_client.post(PREVIEW, {"token": token(page), "confirmed": "yes"})

        assert names() == ["A"]
        assert (
            "A,Paris,yes,all,device_name,p*" in ada_client.get(f"{RULES}export/").content.decode()
        )

    def test_export_no_more_than_the_view_domain(
        self, client_for: Any, paris: Entity, lyon: Entity
    ) -> None:
        floor = make_entity("Floor", paris)
        profile = make_profile(permissions=["organization.view_entity"])
        grant(profile, floor)
        client = client_for(make_account(profile=profile))

        assert client.get(f"{ENTITIES}export/").content.decode().split() == ["path", "Floor"]

    @pytest.mark.parametrize(
        "url",
        [f"{ENTITIES}import/", f"{ENTITIES}export/", f"{RULES}import/", f"{RULES}export/"],
    )
    def test_are_closed_to_strangers(
        self, cleo_client: Client, ben_client: Client, url: str
    ) -> None:
        for client in (cleo_client, ben_client):
            assert client.get(url).status_code == 403
            assert client.post(url, upload("path\nParis\n")).status_code == 403


class TestCommand:
    def run(self, tmp_path: Path, text: str, *options: str) -> str:
        file, out = tmp_path / "file.csv", StringIO()
        file.write_text(text)
        call_command("import_entities", str(file), *options, stdout=out, stderr=out)
        return out.getvalue()

    def test_says_what_it_would_do(self, tmp_path: Path) -> None:
        out = self.run(tmp_path, "path\nFrance / Paris\n", "--dry-run")

        assert "+ France / Paris" in out
        assert not Entity.objects.filter(name="Paris").exists()

    def test_does_it(self, tmp_path: Path) -> None:
        self.run(tmp_path, "path\nFrance / Paris\n")

        assert Entity.objects.filter(name="Paris").exists()

    def test_previews_and_replaces_rules(self, tmp_path: Path, paris: Entity, lyon: Entity) -> None:
        make_devices(2, paris, "lyon")
        data = HEAD + "A,Lyon,yes,all,device_name,lyon-*\n"

        out = self.run(tmp_path, data, "--rules", "--dry-run")
        assert "2 devices: Paris -> Lyon" in out
        assert names() == []

        self.run(tmp_path, data, "--rules")
        assert names() == ["A"]

    @pytest.mark.parametrize("options", [[], ["--rules"]])
    def test_changes_nothing_where_a_line_is_wrong(
        self, tmp_path: Path, options: list[str]
    ) -> None:
        data = HEAD + "A,Atlantis,,,platform,linux\n" if options else "path\nA\nA\n"

        with pytest.raises(CommandError):
            self.run(tmp_path, data, *options)

        assert names() == []
        assert not Entity.objects.filter(name="A").exists()

    def test_misses_no_file_quietly(self, tmp_path: Path) -> None:
        with pytest.raises(CommandError):
            call_command("import_entities", str(tmp_path / "none.csv"))

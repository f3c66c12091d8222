"""Names in clear become pseudonyms: everywhere, for ever, and so that data go on (privacy.md 3)."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Account
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.binaries.models import Binary, Package
from apps.collectors import epochs
from apps.collectors.choices import Level, Preset
from apps.collectors.models import CollectionJob
from apps.collectors.services import configuration, jobs
from apps.devices import changes, ruled_fields
from apps.devices.changes import Change
from apps.devices.choices import ChangeProperty
from apps.devices.models import Device, LocalAdmin, Volume
from apps.organization.choices import FieldClass, FieldTarget
from apps.organization.models import Entity
from apps.users import conversion, hashing
from apps.users.models import Login, User
from tests.conftest import NOW
from tests.devices.test_ruled_fields import gives, make_ruled, value_of
from tests.factories.accounts import make_account
from tests.factories.collectors import (
    ADA_ROSSI,
    SOFFICE,
    configure,
    device_of,
    execution,
    login,
    make_machine,
)
from tests.factories.programs import package, scan
from tests.organization.test_fields import make_field
from tests.scan import tables_with

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

JOBS = "/admin/collectors/collectionjob/"
START = f"{JOBS}add/?kind=hash_names"
CANARY = "canary"  # in every name


def sent(name: str) -> str:
    """Return what a device sends for a name in the epoch in force."""
    epoch = epochs.current()
    key = epochs.collector_key(epoch)
    return hashing.sent_form(name, collector_key=key, epoch=epoch)


def convert(actor: Account) -> CollectionJob:
    """Convert every name, as the task does."""
    job = jobs.start(kind=conversion.KIND, parameters={}, actor=actor, now=NOW)
    jobs.run_open()
    job.refresh_from_db()
    return job


def make_users(number: int, **columns: Any) -> None:
    """Make users in clear, their names holding the canary."""
    User.objects.bulk_create(
        User(
            identity=f"{number:064d}",
            name=f"{CANARY}{number:05d}@CORP",
            username=f"{CANARY}{number:05d}",
            type="domain_user",
            sid=f"S-1-5-21-{CANARY}-{number}",
            upn=f"{CANARY}{number:05d}@corp.example",
            ad_full_name=f"Full {CANARY} {number}",
            ad_email_address=f"{CANARY}{number}@corp.example",
            first_seen_at=NOW,
            last_seen_at=NOW,
            **columns,
        )
        for number in range(number)
    )


class TestConversion:
    @pytest.mark.case("privacy.5")
    def test_leaves_none_of_ten_thousand_names_in_the_database(self, ada: Account) -> None:
        make_users(10_000)
        machine = make_machine(host_name=f"PC-{CANARY}00042")
        configure(Preset.STANDARD, username="hashed")
        device = device_of(machine)
        Device.objects.update(login_last_login_user_name=f"{CANARY}00042@CORP")
        LocalAdmin.objects.create(device=device, name=f"{CANARY}99999@PC")
        Volume.objects.create(
            device=device, name=f"{CANARY}'s stick", mount_point=f"/media/{CANARY}00042/USB"
        )
        for name, place in (
            ("", f"/var/home/{CANARY}00042"),
            ("", f"c:\\users\\{CANARY}00042"),
            (f"files:/export/home/{CANARY}00042", "/mnt/a"),
        ):
            Volume.objects.create(device=device, name=name, mount_point=place)
        changed = [
            Change(ChangeProperty.NAME, "name", "PC-7", f"PC-{CANARY}00042"),
            Change(
                ChangeProperty.SECURITY, "volumes.is_encrypted", f"/media/{CANARY}00042: yes", ""
            ),
        ]
        changes.record(device_id=device.pk, changes=changed, now=NOW)
        before = tables_with(CANARY)

        job = convert(ada)

        assert {
            "public.users_user",
            "public.devices_device",
            "public.devices_devicechange",
        } <= set(before)
        assert (job.state, job.error) == ("done", "")
        assert tables_with(CANARY) == []
        assert User.objects.filter(name_privacy_level="hashed").count() == 10_000
        assert User.objects.values("name").distinct().count() == 10_000
        assert job.counts["users_user"] == 10_000

    def test_takes_custom_values_that_may_tell_who_somebody_is(self, ada: Account) -> None:
        make_users(1, custom={"full_name": f"Full {CANARY}", "cost_centre": "K 17"})
        make_field(ada, target="user", nql_id="full_name", personal_class="direct")
        make_field(ada, target="user", nql_id="cost_centre", personal_class="none")
        make_machine()
        configure(Preset.STANDARD, username="hashed")

        convert(ada)

        assert User.objects.get().custom == {"cost_centre": "K 17"}

    @pytest.mark.case("privacy.5")
    @pytest.mark.parametrize(
        ("target", "model"),
        [
            (FieldTarget.DEVICE, Device),
            (FieldTarget.BINARY, Binary),
            (FieldTarget.PACKAGE, Package),
        ],
    )
    def test_takes_what_custom_values_of_other_tables_tell_of_people(
        self, ada: Account, target: FieldTarget, model: Any
    ) -> None:
        machine = make_machine()
        machine.send(execution(), users=ADA_ROSSI, binaries=SOFFICE)
        scan(machine, package())
        make_field(ada, nql_id="owner", target=target, personal_class=FieldClass.PSEUDONYM)
        make_field(ada, nql_id="asset", target=target, personal_class=FieldClass.NONE)
        model.objects.update(custom={"owner": CANARY, "asset": "A 17"})
        configure(Preset.STANDARD, username="hashed")

        job = convert(ada)

        assert tables_with(CANARY) == []
        assert model.objects.get().custom == {"asset": "A 17"}
        assert job.counts[model._meta.db_table] >= 1

    @pytest.mark.case("privacy.5")
    def test_takes_the_rules_that_would_give_such_values_again(self, ada: Account) -> None:
        device = device_of(make_machine())
        rule = gives(CANARY, ("platform", "linux"))
        make_ruled(ada, rule, type="string", nql_id="owner", personal_class="direct")
        kept = make_ruled(ada, gives(17, ("platform", "linux")), nql_id="floor")
        ruled_fields.run_waiting()
        assert value_of(device, "owner") == CANARY
        configure(Preset.STANDARD, username="hashed")

        convert(ada)
        ruled_fields.run_waiting()

        assert tables_with(CANARY) == []
        assert value_of(device) == 17
        kept.refresh_from_db()
        assert len(kept.rules) == 1

    def test_lets_what_a_device_sends_next_find_the_same_user(self, ada: Account) -> None:
        machine = make_machine()
        machine.send(login(), users=ADA_ROSSI)
        configure(username="hashed")
        convert(ada)

        users = {"1": {"name": sent("CORP\\a.rossi"), "type": "domain_user"}}
        machine.send(login("2026-03-02T09:00:00Z"), users=users)

        assert User.objects.count() == 1
        assert Login.objects.filter(user=User.objects.get()).count() == 2

    def test_keeps_apart_who_was_apart(self, ada: Account) -> None:
        machine = make_machine()
        pseudonym = {"2": {"name": sent("CORP\\a.rossi"), "type": "domain_user"}}
        machine.send(login(), login("2026-03-02T09:00:00Z", user=2), users=ADA_ROSSI | pseudonym)
        configure(username="hashed")

        convert(ada)

        assert User.objects.count() == 2
        assert User.objects.values("name").distinct().count() == 1

    def test_leaves_built_in_administrators(self, ada: Account) -> None:
        device = device_of(make_machine())
        configure(username="hashed")
        for name in ("root", "ada@PC"):
            LocalAdmin.objects.create(device=device, name=name)

        convert(ada)

        names = set(LocalAdmin.objects.values_list("name", flat=True))
        assert "root" in names
        assert [name[:3] for name in names - {"root"}] == ["u1_"]

    def test_leaves_devices_that_are_called_otherwise(self, ada: Account) -> None:
        make_machine(host_name="build-7").send(login(), users=ADA_ROSSI)
        configure(username="hashed")

        convert(ada)

        assert Device.objects.get().name == "build-7"

    def test_goes_on_where_it_was_stopped(
        self, ada: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        make_users(1_200)
        configure(username="hashed")
        whole = conversion._forget_folders

        def fail() -> dict[str, int]:
            raise RuntimeError(f"{CANARY} in a message")

        monkeypatch.setattr(conversion, "_forget_folders", fail)
        failed = convert(ada)
        monkeypatch.setattr(conversion, "_forget_folders", whole)
        jobs.retry(job=failed, actor=ada, now=NOW)
        jobs.run_open()

        done = CollectionJob.objects.get()
        assert (failed.state, failed.error, failed.done) == ("failed", "RuntimeError", 4)
        assert (done.state, done.done, done.counts["users_user"]) == ("done", done.total, 1_200)

    def test_does_no_harm_twice(self, ada: Account) -> None:
        make_users(3)
        configure(username="hashed")
        convert(ada)
        names = set(User.objects.values_list("name", flat=True))

        convert(ada)

        assert set(User.objects.values_list("name", flat=True)) == names

    def test_is_recorded_with_each_use_of_the_key(self, ada: Account) -> None:
        make_users(3)
        configure(username="hashed")

        convert(ada)

        codes = set(InboxEvent.objects.values_list("code", flat=True))
        assert {AuditCode.SERVER_KEY_USED, AuditCode.COLLECTED_DATA_CHANGED} <= codes


class TestPage:
    def test_wants_the_number_typed(self, ada_client: Client) -> None:
        make_users(7)
        configure(username="hashed")

        page = ada_client.get(START).content.decode()
        wrong = ada_client.post(START, {"number": "8"})
        right = ada_client.post(START, {"number": "7"})

        assert "Users called by their names: 7" in page
        assert (wrong.status_code, right.status_code) == (422, 302)
        job = CollectionJob.objects.get()
        assert ada_client.get(f"{JOBS}{job.pk}/change/").status_code == 200
        assert "Names of users become" in ada_client.get(f"{JOBS}?kind=hash_names").content.decode()
        assert not ada_client.get(f"{JOBS}?kind=delete_collected").context["cl"].result_count

    @pytest.mark.parametrize("level", [Level.INSTANCE, Level.ENTITY])
    def test_waits_until_no_name_comes_in_clear(
        self, ada_client: Client, paris: Entity, level: Level
    ) -> None:
        make_users(7)
        configure(Preset.STRICT)
        configuration.save_configuration(
            level=level,
            entity=paris if level == Level.ENTITY else None,
            preset=Preset.STANDARD,
            now=NOW,
        )

        response = ada_client.post(START, {"number": "7"})

        assert response.status_code == 409
        assert "still come in clear" in response.content.decode()
        assert not CollectionJob.objects.exists()

    def test_is_closed_to_who_has_one_entity_only(
        self, ben_client: Client, cleo_client: Client
    ) -> None:
        make_users(7)
        configure(username="hashed")

        answers = [client.post(START, {"number": "7"}) for client in (ben_client, cleo_client)]

        assert [response.status_code for response in answers] == [403, 403]
        assert not CollectionJob.objects.exists()

    def test_of_unknown_work_is_not_there(self, client_for: Any) -> None:
        client = client_for(make_account("dora", kind="administrator"))

        assert client.get(f"{JOBS}add/?kind=delete_collected").status_code == 404

"""The start page and the sidebar."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.utils.translation import override

from apps.accounts.models import Profile
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.collectors.models import Collector
from apps.core.admin import EventAdmin
from apps.devices.models import Device
from apps.organization.models import Entity
from apps.users.models import User
from tests.factories.collectors import boot, configure, device_of, make_machine
from tests.factories.fleet import make_fleet

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

HOME = "/admin/"


class TestHome:
    def test_says_what_to_do_first(self, ada_client: Client) -> None:
        page = ada_client.get(HOME).content.decode()

        assert "Nobody has confirmed yet what is collected" in page
        assert "Make an enrolment key" in page
        assert "python3 -m dex_collector run" in page

    def test_counts_devices_and_losses(
        self, ada_client: Client, paris: Entity, django_assert_max_num_queries: Any
    ) -> None:
        make_machine(paris).send(boot(duration_ms=-1))

        with django_assert_max_num_queries(12):  # the audit row among them
            page = ada_client.get(HOME).content.decode()

        assert re.search(r"<span>Reporting</span><strong>1</strong>", page)
        assert re.search(r"<span>Records not stored today</span><strong>1</strong>", page)
        assert "No device yet" not in page

    def test_records_which_devices_it_named(
        self, ada_client: Client, ben_client: Client, paris: Entity
    ) -> None:
        device = device_of(make_machine(paris))
        ada_client.get(HOME)
        Profile.objects.update(privacy_level=2)
        ben_client.get(HOME)

        row = InboxEvent.objects.get(code=AuditCode.IDENTITIES_LISTED)
        assert (row.object_kind, row.actor_label) == ("home", "ada")
        assert row.subjects == [["device", str(device.pk)]]

    def test_counts_ben_his_own(self, ben_client: Client, paris: Entity, lyon: Entity) -> None:
        make_machine(paris)
        make_machine(lyon)

        page = ben_client.get(HOME).content.decode()

        assert re.search(r"<span>Devices</span><strong>1</strong>", page)

    def test_leaves_the_banner_out_once_confirmed(self, ada_client: Client) -> None:
        configure()

        assert "Nobody has confirmed yet" not in ada_client.get(HOME).content.decode()

    def test_tells_cleo_that_there_is_nothing(self, cleo_client: Client) -> None:
        assert "holds no profile" in cleo_client.get(HOME).content.decode()

    def test_loads_nothing_from_elsewhere(self, ada_client: Client) -> None:
        page = ada_client.get(HOME).content.decode()

        assert not re.search(r'(src|href)="(https?:)?//', page)

    def test_holds_no_script_of_its_own(self, ada_client: Client) -> None:
        page = ada_client.get(HOME).content.decode()

        assert not re.search(r"<script(?![^>]*(src=|application/json))", page)


class TestSidebar:
    def test_leads_ada_everywhere(self, ada_client: Client) -> None:
        page = ada_client.get(HOME).content.decode()
        links = re.findall(
            r'<a href="(/admin/[^"]+)"(?: aria-current="page")? class="flex h-\[38px\]', page
        )

        statuses = {link: ada_client.get(link).status_code for link in links}

        assert len(links) >= 22
        assert set(statuses.values()) == {200}

    @pytest.mark.parametrize(
        ("address", "group"),
        [
            (HOME, "Devices"),
            ("/admin/devices/boot/", "Devices"),
            ("/admin/users/session/", "People"),
            ("/admin/gdpr/retentionpolicy/fields/", "Administration"),
        ],
    )
    def test_opens_the_group_of_the_page(
        self, ada_client: Client, address: str, group: str
    ) -> None:
        page = ada_client.get(address).content.decode()
        folded = re.findall(r'<details class="dex-group mb-1.5">', page)
        opened = re.findall(
            r'<details class="dex-group mb-1.5" open>\s*<summary[^>]*>\s*<span[^>]*>(.*?)<', page
        )

        assert opened == [group]
        assert len(folded) >= 5

    def test_leads_cleo_nowhere(self, cleo_client: Client) -> None:
        page = cleo_client.get(HOME).content.decode()

        assert "devices/device" not in page

    def test_leads_ben_to_no_administration(self, ben_client: Client) -> None:
        page = ben_client.get(HOME).content.decode()

        assert "/admin/devices/device/" in page
        assert "/admin/accounts/" not in page


class TestMasking:
    @pytest.mark.case("access.31")
    def test_no_page_names_a_person_or_device_to_those_from_whom_it_is_hidden(
        self, ben_client: Client, paris: Entity, lyon: Entity
    ) -> None:
        make_fleet(paris, lyon)
        Profile.objects.update(privacy_level=3)
        home = ben_client.get(HOME).content.decode()
        lists = set(re.findall(r'href="(/admin/[a-z_]+/[a-z_]+/)"', home))
        opened = {link: ben_client.get(link).content.decode() for link in lists}
        details = set(re.findall(r'href="(/admin/[^"?]+/change/)', "".join(opened.values())))

        pages = {link: ben_client.get(link).content.decode() for link in details} | opened

        assert len(lists) >= 12
        assert len(details) >= 20
        assert {link: secrets for link, page in pages.items() if (secrets := found(page))} == {}


def found(page: str) -> set[str]:
    """Return the names of people and machines, ids and serial numbers on a page."""
    hidden = {"rossi", "keller", "paris-lt", "paris-ws", "lyon-", "S64ANX0T", "ADA-STICK"}
    hidden |= set(Device.objects.values_list("hardware_machine_serial_number", flat=True))
    hidden |= {str(uid)[:8] for uid in Device.objects.values_list("uid", flat=True)}
    hidden |= {str(uid)[:8] for uid in Collector.objects.values_list("uid", flat=True)}
    hidden |= {str(uid)[:8] for uid in User.objects.values_list("uid", flat=True)}
    return {text for text in hidden if text in page}


class TestLists:
    """What stands beside the number of rows."""

    COUNTED = [
        model
        for model, shown in admin.site._registry.items()
        if not isinstance(shown, EventAdmin)  # nobody counts events
    ]

    @pytest.mark.parametrize("model", COUNTED, ids=lambda model: model._meta.label)
    def test_names_one_row_and_several(self, model: type[Model]) -> None:
        with override("en"):
            one, several = str(model._meta.verbose_name), str(model._meta.verbose_name_plural)

        assert re.search(r"s\b", several), f"9 {several}"
        assert one != several, f"1 {one}"

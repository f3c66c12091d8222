"""Pages of packages and their installations, and the part of a device about them."""

from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Account
from apps.binaries import upkeep
from apps.binaries.models import Package, PackageInstallation
from apps.core.admin import address_of
from apps.devices.models import Device
from apps.organization.models import Entity
from tests.conftest import NOW
from tests.factories.accounts import only
from tests.factories.collectors import device_of, make_machine
from tests.factories.programs import package, scan

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fixed_clock")]

PACKAGES = "/admin/binaries/package/"
INSTALLATIONS = "/admin/binaries/packageinstallation/"


class TestPackagePages:
    @pytest.fixture(autouse=True)
    def packages(self, fixed_clock: Any, paris: Entity, lyon: Entity) -> None:
        """Have a program upgraded in Paris, and another installed in Lyon."""
        machine = make_machine(paris)
        scan(machine, package("a", "1"))
        scan(machine, package("a", "2"))
        scan(make_machine(lyon, host_name="cleo-desk"), package("a", "1"), package("b"))
        upkeep.refresh_presence(now=NOW)

    def test_list_packages(self, ada_client: Client) -> None:
        page = ada_client.get(f"{PACKAGES}?q=document").content.decode()

        assert page.count("The Document Foundation") == 3

    def test_show_versions_devices_and_changes(self, ada_client: Client) -> None:
        row = Package.objects.get(name="a", version="2")

        page = ada_client.get(f"{PACKAGES}{row.pk}/change/").content.decode()

        assert "2 (this one)" in page
        assert "ada-laptop" in page
        assert "Installations and uninstallations by day" in page

    def test_show_no_other_entity(self, ben_client: Client) -> None:
        row = Package.objects.get(name="a", version="1")
        hidden = Package.objects.get(name="b")

        listed = ben_client.get(PACKAGES).content.decode()

        assert f"{PACKAGES}{hidden.pk}/change/" not in listed
        assert ben_client.get(f"{PACKAGES}{hidden.pk}/change/").status_code == 404
        assert ben_client.get(f"{PACKAGES}{row.pk}/change/").status_code == 404

    def test_show_an_upgrade(self, ada_client: Client) -> None:
        page = ada_client.get(INSTALLATIONS).content.decode()
        row = PackageInstallation.objects.get()
        detail = ada_client.get(f"{INSTALLATIONS}{address_of(row)}/change/").content.decode()

        assert "Previous version" in page
        assert "server" in detail

    def test_are_found_by_package(self, ada_client: Client) -> None:
        row = Package.objects.get(name="a", version="2")

        found = ada_client.get(INSTALLATIONS, {"package__id__exact": row.pk}).content.decode()
        other = ada_client.get(INSTALLATIONS, {"package__id__exact": row.pk + 99}).content.decode()

        assert address_of(PackageInstallation.objects.get()) in found
        assert address_of(PackageInstallation.objects.get()) not in other


class TestInstalledPanel:
    def panel(self, client: Client, device: Device, **query: Any) -> str:
        """Return the panel on the page of a device."""
        page = client.get(f"/admin/devices/device/{device.pk}/change/", query).content.decode()
        return page.split('id="packages"')[1].split("</section>")[0]

    @pytest.fixture
    def laptop(self, fixed_clock: Any, paris: Entity) -> Device:
        """Return a device with 60 packages."""
        machine = make_machine(paris)
        scan(machine, *(package(f"tool-{number:02}") for number in range(60)))
        return device_of(machine)

    def test_pages_by_name(self, ada_client: Client, laptop: Device) -> None:
        first = self.panel(ada_client, laptop)
        last = self.panel(ada_client, laptop, packages_from="50")

        assert ("tool-00" in first, "tool-24" in first, "tool-25" in first) == (True, True, False)
        assert "packages_from=25" in first
        assert ("tool-49" in last, "tool-59" in last) == (False, True)
        assert ("Next" in last, "packages_from=25" in last) == (False, True)

    def test_is_searched(self, ada_client: Client, laptop: Device) -> None:
        found = self.panel(ada_client, laptop, packages="L-07")
        nothing = self.panel(ada_client, laptop, packages="\0<script>")

        assert ("tool-07" in found, "tool-08" in found) == (True, False)
        assert "Nothing of that name" in nothing
        assert "<script>" not in nothing

    @pytest.mark.parametrize("number", ["-1", "x", "9" * 30, "99999"])
    def test_bears_any_address(self, ada_client: Client, laptop: Device, number: str) -> None:
        assert "<table" in self.panel(ada_client, laptop, packages_from=number) or number == "99999"

    def test_names_nothing_to_who_may_not_look(
        self, ben: Account, ben_client: Client, laptop: Device
    ) -> None:
        only(ben, "devices.view_device")

        page = ben_client.get(f"/admin/devices/device/{laptop.pk}/change/").content.decode()

        assert "tool-00" not in page

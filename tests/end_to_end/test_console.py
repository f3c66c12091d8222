"""An administrator signs in with a browser, and finds this machine."""

import platform
from pathlib import Path

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request

from apps.core.formats import bytes_text
from tests.instances import PASSWORD, Instance, wait_for

NAME = platform.node().split(".")[0]

pytestmark = pytest.mark.skipif(
    not Path("/usr/bin/chromium").exists(), reason="chromium is missing"
)


@pytest.fixture
def said(page: Page) -> list[str]:
    """Return what the browser complained about: errors, refused scripts and styles."""
    complaints: list[str] = []

    def keep(message: ConsoleMessage) -> None:
        if message.type == "error":
            complaints.append(message.text)

    page.on("console", keep)
    return complaints


@pytest.fixture
def asked(page: Page) -> list[str]:
    """Return the addresses that the browser asked."""
    addresses: list[str] = []

    def keep(request: Request) -> None:
        addresses.append(request.url)

    page.on("request", keep)
    return addresses


@pytest.fixture
def console(stack: Instance, page: Page, said: list[str], asked: list[str]) -> Page:
    """Return a page on which the main administrator is signed in, this machine enrolled."""
    query = "SELECT count(*) FROM devices_device WHERE inventory_state = 'complete'"
    wait_for(lambda: stack.value(query), 60, stack.output)
    page.goto(f"{stack.address}/admin/")
    page.get_by_label("login").or_(page.locator("input[name=username]")).first.fill("admin")
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{stack.address}/admin/")
    return page


class TestConsole:
    def test_shows_the_true_facts_of_this_machine(self, console: Page) -> None:
        console.get_by_role("link", name="Devices", exact=True).first.click()
        console.get_by_role("link", name=NAME, exact=True).first.click()

        head = console.locator(".dex-head").inner_text()
        assert NAME in head
        assert bytes_text(_memory_bytes()) in head
        assert "Last data" in head
        assert platform.release() in console.locator("#system").inner_text()
        assert "active" in console.locator("#collector").inner_text()

    def test_waits_for_a_decision_on_what_is_collected(self, console: Page) -> None:
        banner = console.get_by_role("status").first

        banner.get_by_role("link", name="Confirm what is collected").click()
        console.get_by_role("radio", name="Strict: the least data").check()

        assert console.locator("input[name=switch_username][value=hashed]").is_checked()
        console.locator("input[name=switch_username][value=clear]").check()
        assert console.locator("input[name=preset][value=custom]").is_checked()

    def test_asks_for_newer_data_each_minute_while_it_is_seen(
        self, console: Page, asked: list[str]
    ) -> None:
        console.clock.install()
        console.get_by_role("link", name="Devices", exact=True).first.click()
        console.get_by_role("link", name=NAME, exact=True).first.click()
        console.wait_for_load_state("networkidle")

        with console.expect_response("**/last-data/**") as answer:
            console.clock.fast_forward(61_000)
        console.evaluate("Object.defineProperty(document, 'visibilityState', {value: 'hidden'})")
        console.clock.fast_forward(180_000)

        assert answer.value.status == 200
        assert len([url for url in asked if "last-data" in url]) == 1

    def test_fits_a_telephone(self, console: Page, stack: Instance) -> None:
        console.set_viewport_size({"width": 390, "height": 844})

        console.goto(f"{stack.address}/admin/devices/device/")

        width = console.evaluate("document.documentElement.scrollWidth")
        assert width <= 390

    def test_narrows_the_devices_to_an_entity_by_keyboard_alone(
        self, console: Page, stack: Instance, said: list[str]
    ) -> None:
        console.goto(f"{stack.address}/admin/devices/device/")
        console.get_by_role("button", name="Filters").press("Enter")
        console.get_by_role("combobox", name="By entity").press("Enter")
        console.keyboard.type("uncl")
        console.get_by_role("option", name="Organisation").wait_for(state="hidden")
        console.get_by_role("option", name="Unclassified").wait_for()
        console.keyboard.press("Enter")
        console.wait_for_url("**entity__id__exact=*")

        chosen = console.get_by_label("Filters in use")
        assert "Entity: Unclassified" in chosen.inner_text()
        chosen.get_by_role("link", name="Remove the filter").press("Enter")
        console.wait_for_url(f"{stack.address}/admin/devices/device/?")
        assert "Content Security Policy" not in " ".join(said)

    def test_exports_a_list_by_keyboard_alone(self, console: Page, stack: Instance) -> None:
        console.goto(f"{stack.address}/admin/devices/device/")
        console.get_by_placeholder("Search by name").press("Tab")
        with console.expect_download() as download:
            console.keyboard.press("Enter")

        text = Path(download.value.path()).read_text("utf-8")
        assert download.value.suggested_filename.startswith("devices_device_")
        assert NAME in text

    def test_loads_nothing_from_elsewhere_and_breaks_no_rule(
        self, console: Page, stack: Instance, said: list[str], asked: list[str]
    ) -> None:
        console.get_by_role("link", name="Devices", exact=True).first.click()
        console.get_by_role("link", name=NAME, exact=True).first.click()
        console.wait_for_load_state("networkidle")

        assert [url for url in asked if not url.startswith((stack.address, "data:"))] == []
        assert said == []


def _memory_bytes() -> int:
    """Return what the kernel counts. Source: proc(5), meminfo: kibibytes."""
    first = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()[0]
    return int(first.split()[1]) * 1024

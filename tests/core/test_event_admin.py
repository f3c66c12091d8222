"""Lists of event tables, shown by the boots of devices."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import Account
from apps.core.admin.events import SLICES_MOST, address_of, parse_address, parse_key, slices
from apps.core.personal_data import PrivacyLevel
from apps.devices.models import Boot, Device
from apps.organization.models import Entity
from tests.core.devices import hide, make_boot, make_device

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.urls("tests.core.urls"),
    pytest.mark.usefixtures("fixed_clock"),
]

LIST = "/probe/devices/boot/"


def addresses(page: str) -> list[str]:
    """Return the addresses of the rows of a list, in order."""
    return re.findall(rf"{LIST}(\d+-\d+-\d+)/change/", page)


def older_link(page: str) -> str:
    """Return the address of the next page."""
    [link] = re.findall(r'href="(\?[^"]*)" rel="next"', page)
    return link.replace("&amp;", "&")


def reads_of_boots(queries: Any) -> list[str]:
    """Return the queries that read boots."""
    return [q["sql"] for q in queries if 'FROM "devices_boot"' in q["sql"]]


@pytest.fixture
def laptop(paris: Entity) -> Device:
    """Return a device in Paris."""
    return make_device("paris-laptop", paris)


class TestEventList:
    def test_shows_the_newest_first(self, ada_client: Client, laptop: Device) -> None:
        old = make_boot(laptop, timedelta(hours=2))
        new = make_boot(laptop, timedelta(hours=1))

        page = ada_client.get(LIST).content.decode()

        assert addresses(page) == [address_of(new), address_of(old)]

    def test_looks_back_a_day_unless_told(self, ada_client: Client, laptop: Device) -> None:
        make_boot(laptop, timedelta(hours=25))

        assert addresses(ada_client.get(LIST).content.decode()) == []

    def test_looks_back_as_far_as_chosen(self, ada_client: Client, laptop: Device) -> None:
        boot = make_boot(laptop, timedelta(hours=25))

        page = ada_client.get(LIST, {"window": "7d"}).content.decode()

        assert addresses(page) == [address_of(boot)]

    def test_has_a_window_even_for_a_made_up_one(self, ada_client: Client, laptop: Device) -> None:
        make_boot(laptop, timedelta(hours=25))

        assert addresses(ada_client.get(LIST, {"window": "all"}).content.decode()) == []

    def test_goes_on_after_the_last_row_of_a_page(self, ada_client: Client, laptop: Device) -> None:
        boots = [make_boot(laptop, timedelta(hours=1)) for _ in range(7)]  # all at one instant

        first = ada_client.get(LIST).content.decode()
        second = ada_client.get(LIST + older_link(first)).content.decode()
        third = ada_client.get(LIST + older_link(second)).content.decode()

        seen = addresses(first) + addresses(second) + addresses(third)
        assert seen == [address_of(boot) for boot in reversed(boots)]
        assert 'rel="next"' not in third

    def test_counts_nothing(
        self, ada_client: Client, laptop: Device, django_assert_max_num_queries: Any
    ) -> None:
        make_boot(laptop)

        with django_assert_max_num_queries(13) as queries:  # 5 slices of a day, 1 audit row
            ada_client.get(LIST)

        assert not [q["sql"] for q in queries if "COUNT(" in q["sql"]]

    def test_asks_for_an_hour_where_that_fills_a_page(
        self, ada_client: Client, laptop: Device, django_assert_max_num_queries: Any
    ) -> None:
        boots = [make_boot(laptop, timedelta(minutes=number)) for number in range(1, 6)]
        make_boot(laptop, timedelta(minutes=61))

        with django_assert_max_num_queries(9) as queries:
            page = ada_client.get(LIST).content.decode()

        [read] = reads_of_boots(queries)
        assert addresses(page) == [address_of(boot) for boot in boots[:3]]
        assert "\"occurred_at\" >= '2026-03-02 11:00:00+00:00'" in read
        assert "\"occurred_at\" < '2026-03-03 12:00:00+00:00'" in read

    def test_bounds_the_next_page_by_its_key(
        self, ada_client: Client, laptop: Device, django_assert_max_num_queries: Any
    ) -> None:
        boots = [make_boot(laptop, timedelta(minutes=number)) for number in range(10, 17)]
        link = older_link(ada_client.get(LIST).content.decode())

        with django_assert_max_num_queries(9) as queries:
            page = ada_client.get(LIST + link).content.decode()

        [read] = reads_of_boots(queries)
        assert addresses(page) == [address_of(boot) for boot in boots[3:6]]
        assert "\"occurred_at\" >= '2026-03-02 10:48:00.000001+00:00'" in read
        assert "\"occurred_at\" < '2026-03-02 11:48:00.000001+00:00'" in read

    @pytest.mark.parametrize(("window", "number"), [("1h", 1), ("24h", 5), ("7d", 8), ("30d", 10)])
    def test_asks_a_bounded_number_of_times_where_nothing_is(
        self,
        ada_client: Client,
        django_assert_max_num_queries: Any,
        window: str,
        number: int,
    ) -> None:
        with django_assert_max_num_queries(20) as queries:
            ada_client.get(LIST, {"window": window})

        assert len(reads_of_boots(queries)) == number <= SLICES_MOST

    def test_asks_once_for_a_device(
        self, ada_client: Client, laptop: Device, django_assert_max_num_queries: Any
    ) -> None:
        make_boot(laptop, timedelta(hours=20))

        with django_assert_max_num_queries(9) as queries:
            ada_client.get(LIST, {"device": laptop.pk})

        assert len(reads_of_boots(queries)) == 1

    def test_loses_and_repeats_nothing_over_slices_and_equal_times(
        self, ada_client: Client, laptop: Device
    ) -> None:
        hours = [0, 1, 1, 1, 1, 2, 3, 3, 3, 3, 7, 7, 15, 23, 24]  # edges of slices among them
        boots = [make_boot(laptop, timedelta(hours=hour)) for hour in hours]
        boots.append(make_boot(laptop, timedelta(minutes=-50)))  # its clock runs ahead

        page = ada_client.get(LIST).content.decode()
        seen = addresses(page)
        for _ in range(5):
            page = ada_client.get(LIST + older_link(page)).content.decode()
            seen += addresses(page)

        expected = sorted(boots, key=lambda boot: (boot.occurred_at, boot.pk), reverse=True)
        assert seen == [address_of(boot) for boot in expected]
        assert 'rel="next"' not in page

    def test_can_be_narrowed_to_a_device(
        self, ada_client: Client, laptop: Device, lyon: Entity
    ) -> None:
        boot = make_boot(laptop)
        make_boot(make_device("lyon-laptop", lyon))

        page = ada_client.get(LIST, {"device": laptop.pk}).content.decode()

        assert addresses(page) == [address_of(boot)]
        assert "Show all devices" in page

    @pytest.mark.parametrize(
        "query",
        [
            {"device": "x' OR 1=1"},
            {"device": "9" * 30},
            {"after": "x"},
            {"after": "9" * 17 + "-1"},
            {"after": "1-" + "9" * 19},
            {"o": "1.2"},
            {"q": "laptop"},
            {"p": "7"},
        ],
    )
    def test_ignores_what_makes_no_sense(
        self, ada_client: Client, laptop: Device, query: dict[str, str]
    ) -> None:
        boot = make_boot(laptop)

        page = ada_client.get(LIST, query).content.decode()

        assert addresses(page) == [address_of(boot)]

    def test_says_what_to_do_where_nothing_is(self, ada_client: Client) -> None:
        page = ada_client.get(LIST).content.decode()

        assert "Nothing was reported in this time" in page

    def test_shows_no_more_than_the_view_domain(
        self, ben_client: Client, laptop: Device, lyon: Entity
    ) -> None:
        boot = make_boot(laptop)
        make_boot(make_device("lyon-laptop", lyon))

        page = ben_client.get(LIST).content.decode()

        assert addresses(page) == [address_of(boot)]

    def test_is_closed_to_cleo(self, cleo_client: Client) -> None:
        assert cleo_client.get(LIST).status_code == 403

    def test_hides_the_name_of_a_device(
        self, ben: Account, ben_client: Client, laptop: Device
    ) -> None:
        make_boot(laptop)
        hide(ben, PrivacyLevel.USERS_DEVICES)

        page = ben_client.get(LIST).content.decode()

        assert "paris-laptop" not in page
        assert re.search(r"device-[0-9a-z]{6}", page)

    def test_offers_no_action(self, ada_client: Client, laptop: Device) -> None:
        boot = make_boot(laptop)
        form = {"action": "delete_selected", "_selected_action": [boot.pk]}

        ada_client.post(LIST, form)

        assert Boot.objects.count() == 1


class TestEventPage:
    def test_is_found_by_device_time_and_id(self, ada_client: Client, laptop: Device) -> None:
        boot = make_boot(laptop, duration_ms=31_500)

        response = ada_client.get(f"{LIST}{address_of(boot)}/change/")

        assert response.status_code == 200
        assert "31500" in response.content.decode().replace(",", "")

    def test_is_found_whatever_its_age(self, ada_client: Client, laptop: Device) -> None:
        boot = make_boot(laptop, timedelta(days=2))

        assert ada_client.get(f"{LIST}{address_of(boot)}/change/").status_code == 200

    @pytest.mark.case("data-model.12")
    @pytest.mark.parametrize("part", [0, 1, 2])
    def test_is_not_found_by_any_other_address(
        self, ada_client: Client, laptop: Device, part: int
    ) -> None:
        numbers = [int(number) for number in address_of(make_boot(laptop)).split("-")]
        numbers[part] += 1

        url = f"{LIST}{'-'.join(map(str, numbers))}/change/"

        assert ada_client.get(url).status_code == 404

    def test_is_not_found_outside_the_view_domain(self, ben_client: Client, lyon: Entity) -> None:
        boot = make_boot(make_device("lyon-laptop", lyon))

        assert ben_client.get(f"{LIST}{address_of(boot)}/change/").status_code == 404

    def test_names_no_hidden_device(self, ben: Account, ben_client: Client, laptop: Device) -> None:
        boot = make_boot(laptop)
        hide(ben, PrivacyLevel.USERS_DEVICES)

        page = ben_client.get(f"{LIST}{address_of(boot)}/change/").content.decode()

        assert "paris-laptop" not in page

    @pytest.mark.parametrize("door", ["change", "delete"])
    def test_changes_nothing(self, ada_client: Client, laptop: Device, door: str) -> None:
        boot = make_boot(laptop)

        response = ada_client.post(f"{LIST}{address_of(boot)}/{door}/", {"post": "yes"})

        assert response.status_code == 403
        assert Boot.objects.count() == 1


class TestSlices:
    def test_end_where_the_window_does_whatever_its_length(self) -> None:
        start, end = datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)

        found = list(slices(start, end, timedelta()))

        assert len(found) == SLICES_MOST
        assert (found[0][1], found[-1][0]) == (end, start)
        assert [low for low, _high in found[:-1]] == [high for _low, high in found[1:]]

    def test_are_none_before_the_window(self) -> None:
        moment = datetime(2026, 3, 2, tzinfo=UTC)

        assert list(slices(moment, moment, timedelta())) == []


class TestAddress:
    def test_keeps_every_microsecond(self) -> None:
        moment = datetime.fromisoformat("2026-03-02T12:00:00.123457+00:00")
        boot = Boot(id=7, device_id=5, occurred_at=moment)

        assert parse_address(address_of(boot)) == (5, moment, 7)

    @pytest.mark.parametrize("text", ["", "5", "5-6", "5-6-7-8", "-1-2-3", "5-6-x", "9" * 60])
    def test_is_nothing_else(self, text: str) -> None:
        assert parse_address(text) is None

    def test_ends_with_the_calendar(self) -> None:
        assert parse_key("99999999999999999-1") is not None
        assert parse_key("999999999999999999-1") is None

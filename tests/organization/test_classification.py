"""Which rule takes a device: facts in, rule out."""

import pytest

from apps.organization.classification import (
    Classifier,
    Condition,
    Facts,
    Rule,
    is_in_network,
    matches_pattern,
)

PARIS, LYON = 1, 2
PATHS = {PARIS: "/9/1/", LYON: "/9/2/"}


def rule(
    entity: int, *conditions: tuple[str, str], matching: str = "all", is_active: bool = True
) -> Rule:
    parts = tuple(Condition(fact, value) for fact, value in conditions)
    return Rule(f"to {entity}", entity, parts, matching, is_active)


def taken(rules: list[Rule], **facts: object) -> int | None:
    """Return the entity of the rule that takes a device of these facts."""
    found = Classifier(rules, PATHS).rule_for(Facts(**facts))  # type: ignore[arg-type]
    return found.entity_id if found else None


class TestPattern:
    @pytest.mark.parametrize(
        ("pattern", "text"),
        [
            ("paris-lt-1", "PARIS-LT-1"),
            ("paris-*", "paris-lt-1"),
            ("*-lt-*", "paris-lt-1"),
            ("*", "x"),
            ("p*s*1", "paris-lt-1"),
            ("*,OU=Paris,DC=corp", "CN=a,OU=Paris,DC=corp"),
            ("a**b", "ab"),
        ],
    )
    def test_fits(self, pattern: str, text: str) -> None:
        assert matches_pattern(pattern, text)

    @pytest.mark.parametrize(
        ("pattern", "text"),
        [
            ("paris-*", "lyon-paris-1"),
            ("*-ws", "paris-ws-1"),
            ("ab*ba", "aba"),  # the two ends may not share a letter
            ("*", ""),
            ("a.c", "abc"),
            ("a?c", "abc"),
            ("*b*a*", "ab"),
        ],
    )
    def test_does_not_fit(self, pattern: str, text: str) -> None:
        assert not matches_pattern(pattern, text)

    def test_is_quick_whatever_it_says(self) -> None:
        assert not matches_pattern("*a" * 500 + "b", "a" * 1_000)


class TestNetwork:
    @pytest.mark.parametrize(
        ("network", "address"),
        [("10.1.0.0/16", "10.1.255.3"), ("10.1.2.3/32", "10.1.2.3"), ("fd00::/8", "fd12::1")],
    )
    def test_holds_an_address(self, network: str, address: str) -> None:
        assert is_in_network(network, address)

    @pytest.mark.parametrize(
        ("network", "address"),
        [("10.1.0.0/16", "10.2.0.1"), ("10.1.0.0/16", "fd12::1"), ("0.0.0.0/0", "")],
    )
    def test_does_not_hold_it(self, network: str, address: str) -> None:
        assert not is_in_network(network, address)


class TestRules:
    def test_let_the_first_win(self) -> None:
        rules = [rule(PARIS, ("device_name", "p*")), rule(LYON, ("device_name", "*"))]

        assert taken(rules, device_name="paris") == PARIS
        assert taken(rules, device_name="lyon") == LYON
        assert taken(rules) is None

    def test_leave_out_what_is_not_active(self) -> None:
        rules = [
            rule(PARIS, ("platform", "linux"), is_active=False),
            rule(LYON, ("platform", "linux")),
        ]

        assert taken(rules, platform="linux") == LYON

    def test_ask_for_all_conditions_or_for_one(self) -> None:
        conditions = ("platform", "linux"), ("configuration_tag", "lab")

        assert taken([rule(PARIS, *conditions)], platform="linux") is None
        assert taken([rule(PARIS, *conditions, matching="any")], platform="linux") == PARIS

    def test_without_conditions_take_nothing(self) -> None:
        assert taken([rule(PARIS)], device_name="paris") is None

    @pytest.mark.parametrize(
        ("fact", "value", "facts"),
        [
            ("group_name", "corp", {"group_name": "CORP"}),
            ("distinguished_name", "*,OU=Paris,*", {"distinguished_name": "CN=a,OU=Paris,DC=x"}),
            ("enrolment_key", "Paris *", {"enrolment_key": "Paris 2026"}),
            ("collector_tag", "17", {"collector_tags": ("", "17")}),
            ("local_address", "10.0.0.0/8", {"local_address": "10.1.1.1"}),
            ("key_entity", str(LYON), {"key_entity_path": "/9/2/7/"}),
        ],
    )
    def test_read_each_fact(self, fact: str, value: str, facts: dict[str, object]) -> None:
        rules = [rule(PARIS, (fact, value))]

        assert taken(rules, **facts) == PARIS
        assert taken(rules) is None

    def test_know_no_entity_that_is_gone(self) -> None:
        assert taken([rule(PARIS, ("key_entity", "77"))], key_entity_path="/9/77/") is None

    def test_survive_json(self) -> None:
        before = rule(PARIS, ("device_name", "p*"), matching="any", is_active=False)

        assert Rule.of_json(before.as_json()) == before

"""What the switches in force let in."""

import pytest

from apps.events.policy import Policy, switch_of


class TestPolicy:
    @pytest.mark.parametrize(
        ("held", "requirement", "allowed"),
        [
            ("all", "session_events", True),
            ("logins", "session_events", True),
            ("off", "session_events", False),
            ("all", "session_events=all", True),
            ("logins", "session_events=all", False),
            ("all", None, True),
            ("all", "packages", False),
            ("all", "packages=all", False),
        ],
    )
    def test_allows_what_a_requirement_asks(
        self, held: str, requirement: str | None, allowed: bool
    ) -> None:
        assert Policy({"session_events": held}).allows(requirement) is allowed

    @pytest.mark.parametrize("value", ["off", "none", "listed_binaries"])
    def test_lets_nothing_in_by_a_silent_value(self, value: str) -> None:
        assert not Policy({"network_connections": value}).allows("network_connections")

    def test_names_the_switch_of_a_requirement(self) -> None:
        assert [switch_of(need) for need in ("a=b", "a", None)] == ["a", "a", ""]

"""Changes of the rules: the whole list, as it was looked at."""

import pytest

from apps.accounts.models import Account
from apps.audit.choices import AuditCode
from apps.audit.models import InboxEvent
from apps.organization import services
from apps.organization.conditions import ConditionRefused, clean, text_of
from apps.organization.models import ClassificationRule, Entity
from apps.organization.places import Places, split
from tests.conftest import NOW
from tests.factories.organization import make_entity
from tests.factories.rules import make_rules, rule

pytestmark = pytest.mark.django_db


def names() -> list[str]:
    return [found.name for found in ClassificationRule.objects.as_rules()]


class TestReplaceRules:
    def test_keeps_the_list_in_its_order(self, ada: Account, paris: Entity, lyon: Entity) -> None:
        new = [
            rule(lyon, ("device_name", "l*"), name="B"),
            rule(paris, ("device_name", "p*"), name="A"),
        ]

        services.replace_rules(rules=new, base=services.fingerprint([]), actor=ada, now=NOW)

        assert names() == ["B", "A"]
        event = InboxEvent.objects.latest("pk")
        assert event.code == AuditCode.CLASSIFICATION_RULES_CHANGED
        assert event.detail["added"] == ["B", "A"]

    def test_swaps_names_and_places(self, paris: Entity, lyon: Entity) -> None:
        make_rules(
            rule(paris, ("platform", "linux"), name="A"),
            rule(lyon, ("platform", "macos"), name="B"),
        )
        first, second = ClassificationRule.objects.as_rules()

        make_rules(second, first)

        assert names() == ["B", "A"]
        assert ClassificationRule.objects.get(name="A").uid.hex == first.uid.replace("-", "")

    def test_refuses_a_list_that_was_changed_meanwhile(self, paris: Entity) -> None:
        base = services.fingerprint([])
        make_rules(rule(paris, ("platform", "linux")))

        with pytest.raises(services.RulesChangedMeanwhile):
            services.replace_rules(rules=[], base=base, actor=None, now=NOW)

    @pytest.mark.parametrize("problem", ["twice", "empty", "nameless", "nowhere"])
    def test_refuses_what_is_no_list_of_rules(self, paris: Entity, problem: str) -> None:
        good = rule(paris, ("platform", "linux"), name="A")
        nowhere = Entity(pk=2**40)
        lists = {
            "twice": [good, rule(paris, ("platform", "macos"), name="a")],
            "empty": [rule(paris, name="B")],
            "nameless": [rule(paris, ("platform", "linux"), name="")],
            "nowhere": [rule(nowhere, ("platform", "linux"))],
        }

        with pytest.raises(services.RuleRefused):
            make_rules(*lists[problem])

        assert names() == []

    def test_keeps_entities_that_rules_name(
        self, ada: Account, paris: Entity, lyon: Entity
    ) -> None:
        make_rules(rule(paris, ("key_entity", str(lyon.pk))))

        for entity in (paris, lyon):
            with pytest.raises(services.EntityInUse):
                services.delete_entity(entity=entity, actor=ada, now=NOW)


class TestConditions:
    def test_are_brought_into_one_form(self, paris: Entity) -> None:
        floor = make_entity("Floor", paris)
        places = Places()

        assert clean("local_address", " 10.1.2.3/16 ", places).value == "10.1.0.0/16"
        assert clean("platform", "Linux", places).value == "linux"
        found = clean("key_entity", "paris/ floor", places)
        assert found.value == str(floor.pk)
        assert text_of(found, places) == "Paris / Floor"

    @pytest.mark.parametrize(
        ("fact", "value"),
        [
            ("local_address", "10.1"),
            ("platform", "amiga"),
            ("key_entity", "Atlantis"),
            ("device_name", "  "),
            ("device_name", "a\0"),
            ("device_name", "a" * 1_025),
            ("serial", "1"),
        ],
    )
    def test_are_refused_with_a_sentence(self, paris: Entity, fact: str, value: str) -> None:
        with pytest.raises(ConditionRefused) as refused:
            clean(fact, value, Places())

        assert str(refused.value).endswith(".")


class TestPlaces:
    def test_write_a_slash_in_a_name_twice(self) -> None:
        entity = make_entity("A/B")
        places = Places()

        assert places.name(entity.pk) == "A//B"
        assert places.find("A//B") == entity.pk
        assert split("A//B / C") == ("A/B", "C")

    def test_know_the_root_by_its_name(self) -> None:
        assert Places().find("Organisation") == Entity.objects.root().pk

"""What holds for every page of the console: closed to Cleo, open and bounded for Ada."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from apps.core.admin import ScopedAdmin
from apps.core.personal_data.registry import own_models

pytestmark = pytest.mark.django_db

MAXIMUM_QUERIES = 14  # of a list page: session, account, rights, contents, filters


def pages(name: str) -> Iterator[Any]:
    """Yield the address of one page of each model that is registered."""
    for model in admin.site._registry:
        meta = model._meta
        url = reverse(f"admin:{meta.app_label}_{meta.model_name}_{name}")
        yield pytest.param(url, id=f"{meta.label}-{name}")


@pytest.mark.parametrize("url", [*pages("changelist"), *pages("add")])
def test_cleo_is_let_in_nowhere(cleo_client: Client, url: str) -> None:
    assert cleo_client.get(url).status_code == 403


@pytest.mark.parametrize("url", [*pages("changelist")])
def test_ada_sees_every_list_at_a_bounded_cost(
    ada_client: Client, url: str, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    with django_assert_max_num_queries(MAXIMUM_QUERIES):
        response = ada_client.get(url)

    assert response.status_code == 200


@pytest.mark.parametrize("url", [*pages("add")])
def test_a_form_opens_or_is_refused(ada_client: Client, url: str) -> None:
    assert ada_client.get(url).status_code in (200, 403)


@pytest.mark.parametrize("url", ["/admin/", "/admin/password_change/"])
def test_cleo_finds_her_own_pages(cleo_client: Client, url: str) -> None:
    assert cleo_client.get(url).status_code == 200


def test_nobody_is_let_in_without_signing_in(client: Client) -> None:
    assert client.get("/admin/")["Location"].startswith("/admin/login/")


@pytest.mark.parametrize("model", list(admin.site._registry), ids=lambda m: m._meta.label)
def test_pages_of_ours_keep_to_the_scope(model: Any) -> None:
    is_ours = model in set(own_models()) or model._meta.concrete_model in set(own_models())

    assert not is_ours or isinstance(admin.site._registry[model], ScopedAdmin)

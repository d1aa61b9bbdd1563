"""No cache keeps a page that was made for somebody, nor does their browser."""

import pytest
from django.test import Client

from .conftest import LIST

PAGES = ["/", "/accounts/password_change/", "/accounts/password_change/done/", "/accounts/login/"]


@pytest.mark.parametrize("page", [*PAGES, LIST, LIST + "invite/", "/admin/"])
def test_a_page_of_somebody_is_not_stored(mona, signed_in, page):
    answer = signed_in(mona).get(page)

    assert "no-store" in answer["Cache-Control"]
    assert "private" in answer["Cache-Control"]


def test_nor_is_the_page_of_a_link(alice, link):
    assert "no-store" in Client().get(link, follow=True)["Cache-Control"]

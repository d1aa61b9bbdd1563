"""An action on many users goes on by itself, batch after batch."""

import pytest

from accounts import bulk
from accounts.models import UserFSM
from tests.conftest import make_user

from .conftest import NARROW

pytestmark = pytest.mark.slow


def test_the_page_goes_on_by_itself_to_the_end(mona, new_page, monkeypatch):
    monkeypatch.setattr(bulk, "SECONDS", 0)  # one user a batch
    users = [make_user(f"user{n}") for n in range(4)]
    page = new_page(mona)
    page.set_viewport_size(NARROW)
    page.goto("/admin/accounts/user/?fsm__current_state__exact=active")
    page.locator("#action-toggle").check()
    page.get_by_label("Action:").select_option("deactivate_selected")
    page.locator("button[name=index]").click()
    page.get_by_label("Reason").fill("because")

    page.get_by_role("button", name="Deactivate").click()
    page.get_by_text("Deactivate: 4 users changed.").wait_for()

    assert UserFSM.objects.filter(user__in=users, current_state="deactivated").count() == 4
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not page.evaluate(wide)

"""Who may not see the audit sees none of it, by any URL; and nobody changes it there."""

import re

import pytest
from django.contrib.admin.sites import site
from django.test import Client

from accounts.models import User, UserFSM
from audit.models import Export, LastLook, SavedView, UserStateAudit

from .conftest import LIST

METHODS = ("get", "head", "post", "put", "delete")
ACTIONS = ("outside/looked/", "views/", "views/1/remove/")


@pytest.fixture
def addresses(alice, lock) -> dict[str, str]:
    """Each URL of the desk and of what Django's admin adds to it, by its pattern; of an entry that
    is there, and of one that is not."""
    lock(alice, user="secret", reason="secret")
    entry = UserStateAudit.objects.filter(user_id=alice.pk).latest("pk")
    SavedView.objects.create(pk=1, name="secret", query="?actor=secret")
    keys = {"name": "csv", "pk": 1, "user_id": alice.pk, "entry_id": entry.pk}
    patterns = [str(each.pattern) for each in site.get_model_admin(UserStateAudit).urls]
    found = {}
    for pattern in [re.sub(r"<\w+:(\w+)>", r"{\1}", each) for each in patterns]:
        pattern = pattern.replace("{object_id}", "{entry_id}")
        for key in (entry.pk, 10**15, "x"):
            found[pattern.format(**{**keys, "entry_id": key})] = pattern
    return found


def answers(browser: Client, addresses):
    """Of each address and method: the answer, and all that it says."""
    for address in addresses:
        for method in METHODS:
            answer = getattr(browser, method)(LIST + address)
            content = b"".join(answer) if answer.streaming else answer.content
            yield address, method, answer, f"{answer.headers}{content.decode()}"


def kept() -> list[list]:
    models = (UserStateAudit, SavedView, LastLook, User, UserFSM)
    return [[*model.objects.order_by("pk").values()] for model in models]


@pytest.mark.parametrize("who", ["nobody", "alice", "mona", "sue, deactivated"])
def test_nobody_without_the_permission(addresses, mona, sue, alice, client, signed_in, who):
    people = {"alice": alice, "mona": mona, "sue, deactivated": sue}
    browser = signed_in(people[who]) if who in people else client
    UserFSM.objects.filter(user=sue).update(current_state="deactivated")
    before, exports = kept(), Export.objects.count()

    for address, method, answer, says in answers(browser, addresses):
        sends_on = who == "mona" and addresses[address] == "{entry_id}/"
        allowed = 302 if who != "mona" or sends_on else 403
        assert answer.status_code == allowed, (method, address)
        assert "secret" not in says, (method, address)

    assert (kept(), Export.objects.count()) == (before, exports)


@pytest.mark.slow
@pytest.mark.parametrize("who", ["sue", "ada"])
def test_no_method_of_any_page_changes_anything(addresses, sue, ada, signed_in, who):
    browser = signed_in({"sue": sue, "ada": ada}[who])
    before = kept()
    addresses = {each: pattern for each, pattern in addresses.items() if each not in ACTIONS}

    for address, method, answer, _says in answers(browser, addresses):
        reads = method in ("get", "head") or addresses[address] == "{entry_id}/"
        assert answer.status_code in ((200, 302, 403, 404, 409) if reads else (403, 405)), (
            method,
            address,
        )

    assert kept() == before


def test_forms_of_other_sites_do_nothing(addresses, sue):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(sue)
    before = kept()

    for address in ACTIONS:
        data = {"name": "mine", "query": "?kind=job"}
        assert browser.post(LIST + address, data).status_code == 403

    assert kept() == before

"""Who may not see the audit sees none of it, and does nothing there, by any URL."""

import pytest

from audit.models import Export, LastLook, SavedView

from .conftest import LIST

PAGES = ["export.csv", "export.jsonl", "exports/", "print/", "outside/", "views/1/"]
ACTIONS = ["views/", "views/1/remove/", "outside/looked/"]


@pytest.mark.parametrize(
    ("method", "url"), [*(("get", each) for each in PAGES), *(("post", each) for each in ACTIONS)]
)
def test_nobody_without_the_permission(alice, mona, client, signed_in, method, url):
    before = Export.objects.count()
    SavedView.objects.create(pk=1, name="x", query="?actor=secret")

    for browser in (client, signed_in(alice), signed_in(mona)):
        response = getattr(browser, method)(LIST + url)
        assert response.status_code in (302, 403)
        assert "secret" not in response.get("Location", "")

    assert (Export.objects.count(), SavedView.objects.count()) == (before, 1)
    assert not LastLook.objects.exists()

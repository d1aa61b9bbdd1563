"""Where a site reads from a replica, which may be behind: what a supervisor has just done is there,
and what they may not see any more is not."""

from collections.abc import Iterator

import pytest
from django.db import connection, connections

from accounts.models import UserFSM
from audit.models import LastLook, SavedView

from .conftest import LIST
from .test_outside import form, read

PAGES = ["", "outside/", "print/", "lockouts/", "at/?moment=2026-01-01", "exports/", "integrity/"]


class ToTheReplica:
    """Whatever is read is read there."""

    @staticmethod
    def db_for_read(model, **hints) -> str:
        return "replica"

    @staticmethod
    def db_for_write(model, **hints) -> str:
        return "default"

    @staticmethod
    def allow_relation(one, other, **hints) -> bool:
        return True


@pytest.fixture
def behind(alice, mona, sues, sue, lock, settings) -> Iterator[None]:
    """From now on the replica has nothing new: it is a snapshot, of a connection without the name
    of the application's, and nothing can be written there."""
    lock(alice, user="nightly")
    replica = connection.copy(alias="replica")
    replica.settings_dict["OPTIONS"] = {"application_name": "replica"}
    replica.set_autocommit(False)
    with replica.cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read read only")
        cursor.execute("select count(*) from user_state_audit")
    connections["replica"] = replica
    settings.DATABASE_ROUTERS = [ToTheReplica()]
    yield
    settings.DATABASE_ROUTERS = []
    del connections["replica"]
    replica.close()


@pytest.mark.parametrize("page", PAGES)
def test_all_pages_are_there(sues, behind, page):
    assert sues.get(LIST + page).status_code == 200


def test_who_the_application_is_does_not_depend_on_where_it_reads(alice, sues, behind):
    rows = sues.get(f"{LIST}?user_id={alice.pk}&kind=job").context["page"].rows

    assert [row.entry.initiated_by for row in rows] == ["nightly"]


def test_whoever_has_lost_the_permission_sees_nothing_any_more(sue, sues, behind):
    sue.groups.clear()

    for url in (LIST, f"{LIST}export.csv", f"{LIST}user/1/"):
        assert sues.get(url).status_code == 403


def test_whoever_is_locked_sees_nothing_any_more(sue, sues, behind):
    UserFSM.objects.filter(user=sue).update(current_state="locked")

    assert sues.get(LIST).status_code == 302


def test_whoever_has_just_got_the_permission_sees_it(mona, sue, behind, signed_in):
    mona.groups.set(sue.groups.using("default").all())

    assert signed_in(mona).get(LIST).status_code == 200


def test_a_view_that_was_just_saved_is_there(sues, behind):
    data = {"name": "Nights", "query": "?kind=job"}
    page = sues.post(f"{LIST}views/", data, follow=True)

    assert page.status_code == 200
    link = f'href="{LIST}views/{SavedView.objects.get().pk}/"'
    assert link in page.content.decode()
    assert link not in sues.post(f"{link[6:-1]}remove/", follow=True).content.decode()


def test_what_she_has_just_seen_is_not_new(alice, sues, behind):
    look = form(read(sues)[-1][1])

    page = sues.post(f"{LIST}outside/looked/", look, follow=True).content.decode()

    assert LastLook.objects.exists()
    assert "Nothing new." in page

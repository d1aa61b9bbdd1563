"""The list of changes."""

import pytest

from accounts.models import UserFSM
from audit.context import acting_as
from audit.models import UserStateAudit

LIST = "/admin/audit/userstateaudit/"


@pytest.fixture
def entry(alice, trail) -> UserStateAudit:
    with acting_as("nightly", ip="192.0.2.1", reason="because"):
        UserFSM.objects.filter(user=alice).update(current_state="locked")
    return UserStateAudit.objects.get(username="alice", end_state="locked", id__gt=trail.start)


def test_a_supervisor_sees_claims_and_facts_side_by_side(entry, sue, signed_in):
    page = signed_in(sue).get(LIST).content.decode()

    for shown in ("alice", "active", "locked", "nightly", "192.0.2.1", entry.db_user):
        assert shown in page
    assert entry.datetime.strftime("%Y-%m-%d %H:%M:%S") in page
    assert "UTC" in page

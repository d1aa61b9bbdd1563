"""Sue at the desk, and changes for her to see."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User, UserFSM
from audit.context import acting_as

LIST = "/admin/audit/userstateaudit/"


@pytest.fixture
def desk(sue, signed_in) -> Client:
    """Sue's browser."""
    return signed_in(sue)


@pytest.fixture
def lock() -> Callable[..., None]:
    """``lock(alice, user="nightly", reason="why")``: by whoever claims it."""

    def change(subject: User, **claims: str) -> None:
        with acting_as(**claims):
            UserFSM.objects.filter(user=subject).update(current_state="locked")

    return change

"""Without what is tested beside it (requirements.txt), only the pages are tested."""

from importlib.util import find_spec

import pytest
from django.test import Client

from .peers import ADDRESS

if find_spec("rest_framework") is None:
    collect_ignore_glob = ["test_[!p]*.py"]


@pytest.fixture
def client(alice, bob):
    """Alice's browser."""
    client = Client(REMOTE_ADDR=ADDRESS)
    client.force_login(alice)
    return client

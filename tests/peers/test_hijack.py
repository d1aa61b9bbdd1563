"""django-hijack: who signed in as whom is recorded, by the hook of docs/jobs.md."""

from django.test import Client

from .peers import ADDRESS, HIJACK
from .recipes import recipe


def test_who_signed_in_as_somebody_is_recorded(ada, alice, bob, trail, settings):
    settings.AUDIT_ACTOR = f"{recipe('django-hijack').__name__}.actor"
    client = Client(REMOTE_ADDR=ADDRESS)
    client.force_login(ada)
    client.post("/hijack/acquire/", {"user_pk": alice.pk})

    client.post("/lock")

    HIJACK.recorded_in(trail)
    client.post("/hijack/release/")
    trail.forget()
    client.post("/slowly/bob")
    assert trail.initiators() == ["ada"]

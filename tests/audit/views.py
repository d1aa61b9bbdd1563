"""Views that change states, in the ways in which views do. The URLs of the context tests."""

import asyncio

from django.contrib.auth import alogin, login
from django.db import connection, transaction
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path
from django.utils.functional import SimpleLazyObject

from accounts.models import User, UserFSM
from audit.context import acting_as


def set_state(state: str, **who) -> None:
    UserFSM.objects.filter(**who).update(current_state=state)


def lock_everybody(request):
    set_state("locked")
    return HttpResponse()


def lock_in_transaction(request):
    with transaction.atomic():
        set_state("locked")
    return HttpResponse()


def lock_on_commit(request):
    with transaction.atomic():
        transaction.on_commit(lambda: set_state("locked"))
    return HttpResponse()


def sign_in_midway(request, username):
    """Locks as nobody, then signs somebody in, and deactivates: in one transaction."""
    with transaction.atomic():
        set_state("locked", user__username="bob")
        login(request, User.objects.get(username=username), "accounts.backends.ActiveStateBackend")
        set_state("deactivated", user__username="bob")
    return HttpResponse()


def impersonate(request, username):
    request.user = User.objects.get(username=username)
    set_state("locked", user__username="bob")
    return HttpResponse()


def with_a_reason(request):
    with acting_as(reason="spam"):
        set_state("locked")
    return HttpResponse()


def stream(request):
    def body():
        yield b"one"
        set_state("locked")
        yield b"two"

    return StreamingHttpResponse(body())


def stream_and_tidy(request):
    def body():
        try:
            yield b"one"
            yield b"two"
        finally:
            set_state("locked")

    return StreamingHttpResponse(body())


async def async_lock(request):
    await UserFSM.objects.aupdate(current_state="locked")
    return HttpResponse()


async def async_lock_myself(request):
    """Gives the others time to come between, again and again."""
    for state in ("locked", "active") * 3:
        await asyncio.sleep(0.001)
        user = await request.auser()
        await UserFSM.objects.filter(user_id=user.pk).aupdate(current_state=state)
    return HttpResponse()


async def async_sign_in_midway(request, username):
    await UserFSM.objects.filter(user__username="bob").aupdate(current_state="locked")
    user = await User.objects.aget(username=username)
    await alogin(request, user, "accounts.backends.ActiveStateBackend")
    await UserFSM.objects.filter(user__username="bob").aupdate(current_state="active")
    return HttpResponse()


async def async_stream(request):
    async def body():
        yield b"one"
        await UserFSM.objects.aupdate(current_state="locked")
        yield b"two"

    return StreamingHttpResponse(body())


def user(request):
    return HttpResponse(request.user.get_username())


def statement_first(request):
    User.objects.count()
    return user(request)


def kept_and_statement_first(request):
    kept = request.user
    User.objects.count()
    return HttpResponse(kept.get_username())


def wrapped_and_statement_first(request):
    """As some middleware do: a lazy user within a lazy user."""
    user = request.user
    request.user = SimpleLazyObject(lambda: user)
    set_state("locked")
    set_state("active")
    return HttpResponse(request.user.get_username())


def session_first(request):
    request.session.get("anything")
    return user(request)


def broken(request):
    set_state("locked")
    raise ZeroDivisionError


def backend_id(request):
    """Which connection served this request."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        return HttpResponse(str(cursor.fetchone()[0]))


urlpatterns = [
    path("lock/", lock_everybody),
    path("user/", user),
    path("session/", session_first),
    path("statement/", statement_first),
    path("kept/", kept_and_statement_first),
    path("wrapped/", wrapped_and_statement_first),
    path("lock-in-transaction/", lock_in_transaction),
    path("lock-on-commit/", lock_on_commit),
    path("sign-in/<username>/", sign_in_midway),
    path("impersonate/<username>/", impersonate),
    path("with-a-reason/", with_a_reason),
    path("stream/", stream),
    path("stream-and-tidy/", stream_and_tidy),
    path("async-lock/", async_lock),
    path("async-lock-myself/", async_lock_myself),
    path("async-sign-in/<username>/", async_sign_in_midway),
    path("async-stream/", async_stream),
    path("broken/", broken),
    path("backend-id/", backend_id),
]

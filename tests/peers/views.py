"""Views that lock Bob, each behind the door of another package."""

import asyncio
import time
from contextlib import nullcontext

from django.db import connection, transaction
from django.http import HttpResponse
from rest_framework.authentication import (
    BasicAuthentication,
    SessionAuthentication,
    TokenAuthentication,
)
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.authentication import JWTAuthentication

from accounts.models import UserFSM

from .history.models import Note

UPDATE = 'UPDATE "user_fsm" SET current_state = %s'


def set_state(state: str, username: str = "bob") -> None:
    UserFSM.objects.filter(user__username=username).update(current_state=state)


def change_in_every_way(request):
    """By the ORM and by cursors, in a transaction and in autocommit."""
    for block in (nullcontext, transaction.atomic):
        with block(), connection.cursor() as cursor:
            set_state("locked")
            cursor.execute(f"{UPDATE} where user_id > %s", ["active", 0])
            cursor.executemany(UPDATE, [("locked",), ("active",)])
            with connection.connection.cursor() as drivers:
                drivers.execute(UPDATE, ["locked"])
            list(UserFSM.objects.iterator())
            set_state("active")
    return HttpResponse("<body></body>")


def lock_bob(request):
    set_state("locked")
    return HttpResponse("<body></body>")


def note(request):
    """Of django-pghistory's own, beside a change of state."""
    set_state("locked")
    Note.objects.create(text="about Bob")
    return HttpResponse()


def change_slowly(request, username):
    """Gives other requests of the same process time to come between."""
    for state in ("locked", "active"):
        time.sleep(0.01)
        set_state(state, username)
    return HttpResponse()


async def change_slowly_async(request, username):
    for state in ("locked", "active"):
        await asyncio.sleep(0.01)
        await UserFSM.objects.filter(user__username=username).aupdate(current_state=state)
    return HttpResponse()


class LockBob(APIView):
    permission_classes = [IsAuthenticated]

    def post(self, request):
        set_state("locked")
        return Response()


def locks_bob(*authentication: type):
    return LockBob.as_view(authentication_classes=authentication)


by_basic = locks_bob(BasicAuthentication)
by_token = locks_bob(TokenAuthentication)
by_jwt = locks_bob(JWTAuthentication)
# The first one says how it wants to be asked: with 401.
by_session = locks_bob(TokenAuthentication, SessionAuthentication)

"""The ways of writing a state from Python. Each gets the subject and who asks for it."""

import os
from importlib import import_module
from io import StringIO

from asking import LOCKED
from django.db import connection

from accounts.models import User, UserFSM

UPDATE = "update user_fsm set current_state = %s where user_id = %s"
COPY = "copy user_fsm (user_id, current_state) from stdin"
CONTENDER = os.environ["DJANGO_SETTINGS_MODULE"].removesuffix(".settings")
ASKED = import_module(f"{CONTENDER}.asked").Asked()


def lock(user: User, actor: User) -> None:
    """A transition, and save()."""
    ASKED.run(user.fsm.lock, actor)
    user.fsm.save()


def update(user: User, actor: User) -> None:
    UserFSM.objects.filter(user=user).update(current_state=LOCKED)


def bulk_update(user: User, actor: User) -> None:
    user.fsm.current_state = LOCKED
    ASKED.bulk_update([user.fsm], actor)


def bulk_create(user: User, actor: User) -> None:
    ASKED.bulk_create([UserFSM(user=user, current_state=LOCKED)], actor)


def cascade(user: User, actor: User) -> None:
    user.delete()


def raw(user: User, actor: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute(UPDATE, [LOCKED, user.pk])


def copy(user: User, actor: User) -> None:
    with connection.cursor() as cursor:
        text = StringIO(f"{user.pk}\t{LOCKED}\n")
        cursor.copy_expert(COPY, text)


WAYS = {way.__name__: way for way in (lock, update, bulk_update, bulk_create, cascade, raw, copy)}

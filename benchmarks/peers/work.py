"""What is measured, in the process of one contender: CPU time of the client, and of the server."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import base
from asking import ACTIVE, LOCKED
from django.conf import settings
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils.module_loading import import_string
from paths import ADDRESS, ALICE
from ways import ASKED

from accounts.models import User, UserFSM

Cost = tuple[float, float]  # seconds of the client, and of the server


def costs(work: Callable[[], object]) -> Cost:
    """CPU time of the two processes, which others hardly change."""
    connection.ensure_connection()
    process = connection.connection.info.backend_pid
    server, client = cpu_of(process), time.process_time()
    work()
    client = time.process_time() - client
    return client, cpu_of(process) - server


def cpu_of(process: int) -> float:
    with open(f"/proc/{process}/schedstat") as file:
        return int(file.read().split()[0]) / 1e9


def handler(view: Callable[[Any], object]) -> Callable[[Any], object]:
    """The view behind the contender's own middleware, and no other."""
    for name in reversed([each for each in settings.MIDDLEWARE if each not in base.MIDDLEWARE]):
        view = import_string(name)(view)
    return view


def requests(number: int) -> list[Any]:
    """Of Alice's."""
    alice = User.objects.get(username=ALICE)
    made = [RequestFactory().post("/", REMOTE_ADDR=ADDRESS) for _ in range(number)]
    for each in made:
        each.user = alice
    return made


def save(first: int, times: int, atomic: bool) -> Cost:
    """A transition and save(), each of another user, in a request of its own."""
    asked = requests(times)
    for each, fsm in zip(asked, UserFSM.objects.order_by("pk")[first : first + times], strict=True):
        each.fsm = fsm

    def view(one: Any) -> HttpResponse:
        with transaction.atomic() if atomic else nullcontext():
            ASKED.run(one.fsm.lock if one.fsm.current_state == ACTIVE else one.fsm.unlock, one.user)
            one.fsm.save()
        return HttpResponse()

    handle = handler(view)
    return costs(lambda: [handle(each) for each in asked])


def bulk() -> Cost:
    """Everybody's state, in one request and one transaction; scaled, where it took a part."""
    [asked] = requests(1)
    state = LOCKED if UserFSM.objects.order_by("pk")[0].current_state == ACTIVE else ACTIVE

    def view(one: Any) -> HttpResponse:
        with transaction.atomic():
            ASKED.bulk(state, one.user)
        return HttpResponse()

    client, server = costs(lambda: handler(view)(asked))
    everybody = UserFSM.objects.count()
    scale = everybody / min(ASKED.sample or everybody, everybody)
    return client * scale, server * scale


def page(number: int) -> Cost:
    """The history of the user of that number, for Alice."""
    client = Client()
    client.force_login(User.objects.get(username=ALICE))
    path = ASKED.page(UserFSM.objects.order_by("pk")[number])
    answers = []
    cost = costs(lambda: answers.append(client.get(path, follow=True)))
    assert answers[0].status_code == 200
    assert "login" not in answers[0].request["PATH_INFO"]
    return cost

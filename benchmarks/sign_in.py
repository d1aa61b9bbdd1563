"""Whether the time of a refused sign-in tells what was wrong. See README.md."""

import argparse
import random
import statistics
import time

import server  # first: it sets Django up
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import setup_test_environment
from django.urls import reverse

from accounts.attempts import AttemptCounter
from accounts.models import State, User, UserFSM
from project import local, postgres

PASSWORD = "correct horse battery staple"
# User name and password of each kind. "again" is the same as "wrong": what differs is noise.
KINDS = {
    "wrong": ("alice", "wrong"),
    "again": ("alice", "wrong"),
    "unknown": ("nobody", "wrong"),
    "locked": ("bob", "wrong"),
    "right but locked": ("bob", PASSWORD),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="default: 100")
    cheap = "hash with MD5, so that the hash's own noise hides nothing"
    parser.add_argument("--cheap-hash", action="store_true", help=cheap)
    options = parser.parse_args()
    if options.cheap_hash:
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # As in life, commits wait for the disk.
    with postgres.temporary_server(fsync="on", synchronous_commit="on") as temporary:
        local.use(temporary)
        server.migrate()
        make_people()
        report(measure(options.rounds))
        connection.close()


def make_people() -> None:
    for name, state in (("alice", State.ACTIVE), ("bob", State.LOCKED)):
        user = User.objects.create_user(name, password=PASSWORD)
        UserFSM.objects.filter(user=user).update(current_state=state)


def measure(rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each kind, which take turns, in another order each round."""
    setup_test_environment()
    times = {kind: [] for kind in KINDS}
    for number in range(rounds + 1):
        for kind in random.sample(list(KINDS), len(KINDS)):
            spent = sign_in(*KINDS[kind])
            if number:  # the first round warms up
                times[kind].append(spent)
    return times


def sign_in(username: str, password: str) -> float:
    AttemptCounter.objects.all().delete()
    client = Client()
    start = time.perf_counter()
    client.post(reverse("login"), {"username": username, "password": password})
    return (time.perf_counter() - start) * 1000


def report(times: dict[str, list[float]]) -> None:
    """Medians of the differences to "wrong" in the same round, with their 95 % interval."""
    print(f"{'':18}{'median':>10}{'to wrong':>12}{'95 % interval':>22}")
    for kind, each in times.items():
        differences = [one - other for one, other in zip(each, times["wrong"], strict=True)]
        low, high = interval(differences)
        print(
            f"{kind:18}{statistics.median(each):7.1f} ms"
            f"{statistics.median(differences):+9.2f} ms{low:+12.2f} to {high:+.2f} ms"
        )


def interval(values: list[float]) -> tuple[float, float]:
    """Of the median, by drawing 2,000 samples from the values."""
    medians = sorted(statistics.median(random.choices(values, k=len(values))) for _ in range(2000))
    return medians[50], medians[-50]


if __name__ == "__main__":
    main()

"""Each address has its own attempt limit, so that nobody locks everybody out."""

from datetime import timedelta

from django.test import RequestFactory

from accounts import lockout
from accounts.attempts import WINDOW
from accounts.models import UserFSM
from tests.conftest import make_user

from .conftest import at_once, pass_time, signed_in_by


def test_one_address_cannot_lock_everybody(transactional_db, attempt):
    lockable = lockout.ADDRESS_ATTEMPT_LIMIT // lockout.ATTEMPT_LIMIT
    users = [make_user(f"user{n}") for n in range(lockable + 2)]

    for user in users:
        for _ in range(lockout.ATTEMPT_LIMIT):
            attempt(user.username, "wrong", REMOTE_ADDR="203.0.113.9")

    assert UserFSM.objects.filter(current_state="active").count() == 2


def test_only_that_address_gets_the_message(alice, attempt, use_up):
    use_up("203.0.113.9", left=1)
    attempt("nobody", "wrong", REMOTE_ADDR="203.0.113.9")

    refused = attempt("alice", "alice", REMOTE_ADDR="203.0.113.9")
    assert not signed_in_by(refused)
    assert "too many wrong passwords from your address" in refused.content.decode()
    assert signed_in_by(attempt("alice", "alice", REMOTE_ADDR="203.0.113.10"))


def test_many_at_once_from_one_address_do_not_exceed_its_limit(alice, attempt, evaluated, use_up):
    use_up(left=3)

    at_once(attempt, [("alice", "wrong")] * 12)

    assert len(evaluated) == 3


def test_the_limit_ends_with_time(alice, attempt, use_up):
    use_up()
    assert not signed_in_by(attempt("alice", "alice"))
    pass_time(WINDOW + timedelta(seconds=1))

    assert signed_in_by(attempt("alice", "alice"))


def test_an_address_at_its_limit_evaluates_none(alice, attempt, evaluated, use_up):
    use_up()

    attempt("alice", "wrong")

    assert evaluated == []


def test_a_success_does_not_count_for_its_address(alice, attempt, use_up):
    use_up(left=1)

    for _ in range(3):
        assert signed_in_by(attempt("alice", "alice"))


def test_a_success_does_not_reset_the_counter_of_its_address(alice, attempt, use_up):
    use_up(left=1)
    assert signed_in_by(attempt("alice", "alice"))
    attempt("nobody", "wrong")

    assert not signed_in_by(attempt("alice", "alice"))


def test_all_addresses_of_an_ipv6_network_share_a_limit(alice, attempt, use_up):
    use_up("2001:db8::1", left=1)
    attempt("nobody", "wrong", REMOTE_ADDR="2001:db8::2")

    assert not signed_in_by(attempt("alice", "alice", REMOTE_ADDR="2001:db8::ffff:1"))
    assert signed_in_by(attempt("alice", "alice", REMOTE_ADDR="2001:db8:0:1::1"))


def test_a_forged_header_does_not_change_the_address(alice, attempt, use_up):
    use_up(left=1)
    attempt("nobody", "wrong", HTTP_X_FORWARDED_FOR="198.51.100.1")

    assert not signed_in_by(attempt("alice", "alice", HTTP_X_FORWARDED_FOR="198.51.100.200"))


def test_behind_a_trusted_unix_socket_each_client_has_a_limit(alice, attempt, settings):
    settings.TRUSTED_PROXIES = ["unix"]
    for _ in range(lockout.ADDRESS_ATTEMPT_LIMIT):
        request = RequestFactory().post("/", REMOTE_ADDR="", HTTP_X_FORWARDED_FOR="203.0.113.9")
        lockout.count_address_attempt(request)

    def from_address(address):
        return attempt("alice", "alice", REMOTE_ADDR="", HTTP_X_FORWARDED_FOR=address)

    assert not signed_in_by(from_address("203.0.113.9"))
    assert signed_in_by(from_address("203.0.113.10"))

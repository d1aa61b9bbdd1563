"""Five guesses, then the account is locked, however many come at once."""

from datetime import timedelta

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import OperationalError, connection, transaction
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import lockout
from accounts.budget import WINDOW, Budget
from accounts.models import State, User, UserFSM
from audit.context import acting_as
from tests.conftest import make_user
from tests.trail import line

from .conftest import SIGN_IN, at_once, signed_in_by


def state_of(user: User) -> str:
    return UserFSM.objects.get(user=user).current_state


def pass_time(by: timedelta) -> None:
    """As if everything had been ``by`` earlier."""
    for budget in Budget.objects.all():
        Budget.objects.filter(pk=budget.pk).update(charged_at=budget.charged_at - by)


@pytest.fixture
def spend(transactional_db):
    """Use up the guesses of an address, but for those that are left."""

    def charge(address: str = "127.0.0.1", left: int = 0) -> None:
        request = RequestFactory().post("/", REMOTE_ADDR=address)
        spent = lockout.ADDRESS_LIMIT - left
        Budget.objects.create(key=lockout.address_key(request), spent=spent)

    return charge


def test_the_fifth_wrong_password_locks_and_four_do_not(alice, guess):
    for _ in range(4):
        guess("alice", "wrong")
    assert state_of(alice) == State.ACTIVE

    guess("alice", "wrong")

    assert state_of(alice) == State.LOCKED


def test_the_lock_is_recorded_once_with_the_address_and_the_reason(alice, guess, trail):
    answers = [guess("alice", "wrong", REMOTE_ADDR="203.0.113.9") for _ in range(7)]

    assert trail.lines() == [
        line(
            alice,
            "active",
            "locked",
            transition="lock",
            initiated_by="system:lockout",
            ip_address="203.0.113.9",
            reason="too many wrong passwords",
            request_id=answers[4]["X-Request-ID"],
        )
    ]


def test_of_thirty_at_once_exactly_five_are_evaluated_and_one_locks(alice, guess, evaluated, trail):
    at_once(guess, [("alice", f"wrong {n}") for n in range(30)])

    assert len(evaluated) == 5
    assert trail.moves() == [("active", "locked")]


@pytest.mark.parametrize("right", [0, 2, 4, 7, 29])
def test_with_the_right_one_among_them_nobody_is_signed_in_after_the_lock(
    alice, guess, evaluated, trail, right
):
    passwords = ["alice" if n == right else f"wrong {n}" for n in range(30)]

    answers = at_once(guess, [("alice", password) for password in passwords])

    let_in = signed_in_by(answers[right])
    assert not any(signed_in_by(each) for n, each in enumerate(answers) if n != right)
    assert len(evaluated) == 5 or let_in  # the right one has the guesses counted anew
    assert len(trail.lines()) <= 1
    if trail.lines():
        # Whoever came in before the lock is out at the next request.
        browser = answers[right].client
        assert browser.get("/")["Location"] == f"{SIGN_IN}?next=/"
    assert not signed_in_by(guess("alice", "alice")) or trail.lines() == []


def test_the_right_password_does_not_open_a_locked_account(alice, guess, evaluated):
    UserFSM.objects.filter(user=alice).update(current_state="locked")

    assert not signed_in_by(guess("alice", "alice"))
    assert evaluated == []


def test_a_lock_while_the_right_password_is_looked_at_is_in_time(alice, guess, monkeypatch):
    check = User.check_password

    def lock_meanwhile(self, password):
        UserFSM.objects.filter(user=alice).update(current_state="locked")
        return check(self, password)

    monkeypatch.setattr(User, "check_password", lock_meanwhile)

    assert not signed_in_by(guess("alice", "alice"))


def test_a_right_password_that_is_ready_before_the_last_wrong_one_prevents_the_lock(
    alice, guess, monkeypatch, trail
):
    for _ in range(4):
        guess("alice", "wrong")
    check = User.check_password

    def succeed_meanwhile(self, password):
        Budget.objects.filter(key__startswith="password of user").delete()
        return check(self, password)

    monkeypatch.setattr(User, "check_password", succeed_meanwhile)
    guess("alice", "wrong")

    assert trail.lines() == []


def test_a_success_has_the_guesses_counted_anew(alice, guess):
    for _ in range(3):
        for _ in range(4):
            guess("alice", "wrong")
        assert signed_in_by(guess("alice", "alice"))

    assert state_of(alice) == State.ACTIVE


def test_a_counter_that_was_left_alone_for_fifteen_minutes_says_nothing(alice, guess):
    for _ in range(4):
        guess("alice", "wrong")
    pass_time(WINDOW + timedelta(seconds=1))
    assert timedelta(minutes=15) == WINDOW

    for _ in range(4):
        guess("alice", "wrong")

    assert state_of(alice) == State.ACTIVE


def test_a_younger_one_counts(alice, guess):
    for _ in range(4):
        guess("alice", "wrong")
    pass_time(WINDOW - timedelta(seconds=30))

    guess("alice", "wrong")

    assert state_of(alice) == State.LOCKED


@pytest.mark.parametrize("states", [["locked"], ["deactivated"], ["locked", "active"]])
def test_the_last_guess_locks_nobody_whose_state_was_changed_meanwhile(
    alice, guess, monkeypatch, trail, states
):
    for _ in range(4):
        guess("alice", "wrong")
    check = User.check_password

    def change_meanwhile(self, password):
        for state in states:
            UserFSM.objects.filter(user=alice).update(current_state=state)
        return check(self, password)

    monkeypatch.setattr(User, "check_password", change_meanwhile)

    assert guess("alice", "wrong").status_code == 200
    assert [line["end_state"] for line in trail.lines()] == states


def test_slow_guesses_are_counted_from_the_last_one(alice, guess):
    for _ in range(5):
        pass_time(WINDOW - timedelta(minutes=1))
        guess("alice", "wrong")

    assert state_of(alice) == State.LOCKED


@pytest.mark.parametrize("how", ["transition", "SQL"])
def test_however_he_is_unlocked_he_has_five_guesses_again(alice, guess, execute, how):
    for _ in range(6):
        guess("alice", "wrong")
    if how == "SQL":
        execute("update user_fsm set current_state = 'active'")
    else:
        with UserFSM.changing(alice) as fsm:
            fsm.unlock()

    for _ in range(4):
        guess("alice", "wrong")

    assert signed_in_by(guess("alice", "alice"))


def test_names_are_counted_alike_whether_or_not_they_are_somebodys(alice, guess):
    for name in ("nobody", "alice"):
        texts = {guess(name, "wrong").content.decode().replace(name, "…") for _ in range(7)}
        assert len({text.partition("csrfmiddleware")[0] for text in texts}) == 1


@pytest.mark.parametrize("state", ["locked", "deactivated", "invited", None])
def test_wrong_unknown_and_locked_are_answered_alike(alice, guess, state):
    wrong = guess("alice", "wrong")
    if state:
        UserFSM.objects.filter(user=alice).update(current_state=state)
    other = guess("alice" if state else "nobody", "alice")

    assert wrong.status_code == other.status_code == 200
    assert wrong.context["form"].errors == other.context["form"].errors


@pytest.mark.parametrize("who", ["alice", "nobody", "locked", "deactivated", "invited"])
def test_each_attempt_is_one_hash(alice, guess, settings, monkeypatch, who):
    settings.PASSWORD_HASHERS = ["tests.accounts.pages.test_lockout.FewRounds"]
    alice.set_password("alice")
    alice.save()
    if who in State.values:
        UserFSM.objects.filter(user=alice).update(current_state=who)
    hashed, encode = [], FewRounds.encode
    monkeypatch.setattr(
        FewRounds, "encode", lambda self, *args: hashed.append(args) or encode(self, *args)
    )

    for attempt in range(1, 9):
        guess("nobody" if who == "nobody" else "alice", "wrong")
        assert len(hashed) == attempt


class FewRounds(PBKDF2PasswordHasher):
    iterations = 2


def test_statements_are_as_many_for_all(alice, bob, guess):
    """As long as nobody is locked by it: what differs could be measured."""
    UserFSM.objects.filter(user=bob).update(current_state="locked")
    guess("somebody", "wrong")  # from now on, the address is known
    counts = set()
    for attempt in range(4):
        for name in ("alice", "bob", "nobody"):
            with CaptureQueriesContext(connection) as queries:
                guess(name, "wrong")
            counts.add((attempt == 0, len(queries)))

    assert len(counts) == 2, counts


def test_one_address_cannot_lock_everybody(transactional_db, guess):
    people = [make_user(f"user{n}") for n in range(lockout.ADDRESS_LIMIT // lockout.LIMIT + 2)]

    for person in people:
        for _ in range(lockout.LIMIT):
            guess(person.username, "wrong", REMOTE_ADDR="203.0.113.9")

    assert UserFSM.objects.filter(current_state="active").count() == 2


def test_it_is_said_to_that_address_only(alice, guess, spend):
    spend("203.0.113.9", left=1)
    guess("nobody", "wrong", REMOTE_ADDR="203.0.113.9")

    refused = guess("alice", "alice", REMOTE_ADDR="203.0.113.9")
    assert not signed_in_by(refused)
    assert "too many wrong passwords from your address" in refused.content.decode()
    assert signed_in_by(guess("alice", "alice", REMOTE_ADDR="203.0.113.10"))


def test_of_many_at_once_from_one_address_no_more_are_evaluated(alice, guess, evaluated, spend):
    spend(left=3)

    at_once(guess, [("alice", "wrong")] * 12)

    assert len(evaluated) == 3


def test_and_ends_with_time(alice, guess, spend):
    spend()
    assert not signed_in_by(guess("alice", "alice"))
    pass_time(WINDOW + timedelta(seconds=1))

    assert signed_in_by(guess("alice", "alice"))


def test_an_address_out_of_guesses_evaluates_none(alice, guess, evaluated, spend):
    spend()

    guess("alice", "wrong")

    assert evaluated == []


def test_those_who_sign_in_rightly_cost_their_address_nothing(alice, guess, spend):
    spend(left=1)

    for _ in range(3):
        assert signed_in_by(guess("alice", "alice"))


def test_a_success_does_not_pay_for_the_wrong_ones_of_its_address(alice, guess, spend):
    spend(left=1)
    assert signed_in_by(guess("alice", "alice"))
    guess("nobody", "wrong")

    assert not signed_in_by(guess("alice", "alice"))


def test_all_addresses_of_one_ipv6_network_are_one(alice, guess, spend):
    spend("2001:db8::1", left=1)
    guess("nobody", "wrong", REMOTE_ADDR="2001:db8::2")

    assert not signed_in_by(guess("alice", "alice", REMOTE_ADDR="2001:db8::ffff:1"))
    assert signed_in_by(guess("alice", "alice", REMOTE_ADDR="2001:db8:0:1::1"))


def test_a_forged_header_is_no_other_address(alice, guess, spend):
    spend(left=1)
    guess("nobody", "wrong", HTTP_X_FORWARDED_FOR="198.51.100.1")

    assert not signed_in_by(guess("alice", "alice", HTTP_X_FORWARDED_FOR="198.51.100.200"))


def test_what_was_counted_and_locked_stays_when_the_request_is_rolled_back(alice, trail):
    request = RequestFactory().post("/", REMOTE_ADDR="203.0.113.9")

    for _ in range(6):
        with acting_as(request_id="of this request"), transaction.atomic():
            assert authenticate(request, username="alice", password="wrong") is None
            transaction.set_rollback(True)

    [line] = trail.lines()
    assert (line["initiated_by"], line["ip_address"]) == ("system:lockout", "203.0.113.9")
    assert line["request_id"] == "of this request"


def test_within_a_transaction_the_right_password_is_right(alice):
    with transaction.atomic():
        assert authenticate(username="alice", password="alice") == alice


def test_who_holds_the_lock_himself_is_told_so_and_does_not_wait_for_ever(alice, monkeypatch):
    monkeypatch.setattr("accounts.durable.LOCK_TIMEOUT", "100ms")

    with pytest.raises(OperationalError, match="lock timeout"), UserFSM.changing(alice):
        authenticate(username="alice", password="alice")


def test_a_password_of_a_megabyte_is_not_hashed(alice, guess, settings, monkeypatch):
    hashed = []
    monkeypatch.setattr(FewRounds, "encode", lambda self, *args: hashed.append(args) or "few$1$x$x")
    settings.PASSWORD_HASHERS = ["tests.accounts.pages.test_lockout.FewRounds"]

    for name in ("alice", "nobody"):
        answer = guess(name, "x" * 1_000_000)
        assert "Please enter a correct user name and password." in answer.content.decode()

    assert hashed == []


@pytest.mark.parametrize("name", ["a\x00b", "x" * 100_000, "", "ÄÖ\ud83d\ude00", "' or 1=1 --"])
def test_odd_names_are_answered_with_a_sentence(transactional_db, guess, name):
    name = name.encode("utf-16", "surrogatepass").decode("utf-16")
    answer = guess(name, "wrong")

    assert answer.status_code == 200
    assert 'class="errorlist' in answer.content.decode()


@pytest.mark.parametrize("name", ["a\x00b", "\ud800", "x" * 100_000])
def test_odd_names_are_nobodys_for_other_callers_too(transactional_db, name):
    assert authenticate(username=name, password="x") is None


def test_an_address_as_user_name_is_written_with_capitals_too(transactional_db, guess):
    make_user("alice@example.com")

    assert signed_in_by(guess("Alice@Example.com", "alice@example.com"))


def test_but_whose_name_it_is_exactly_comes_first(transactional_db, guess):
    make_user("Dora"), make_user("dora")

    answer = guess("Dora", "Dora")

    user = User.objects.get(pk=answer.client.session["_auth_user_id"])
    assert user.username == "Dora"


def test_a_wrong_password_writes_to_no_user_and_no_state(alice, guess, execute):
    sql = "select xmin::text from user_fsm union all select xmin::text from accounts_user"
    before = execute(sql)

    guess("alice", "wrong")

    assert execute(sql) == before


def test_old_counters_are_tidied_away(alice, guess):
    old = timezone.now() - WINDOW - timedelta(seconds=1)
    Budget.objects.create(key="old", spent=5, charged_at=old)

    guess("nobody", "wrong")

    assert not Budget.objects.filter(key="old").exists()


def test_the_sign_in_of_the_admin_is_the_same(alice, evaluated):
    for _ in range(7):
        Client().post("/admin/login/", {"username": "alice", "password": "wrong"})

    assert evaluated == ["alice"] * 5
    assert state_of(alice) == State.LOCKED


def test_a_last_guess_that_died_is_made_up_for(alice, guess, monkeypatch, trail):
    def die(*args):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(lockout, "lock", die)
        for _ in range(4):
            guess("alice", "wrong")
        with pytest.raises(SystemExit):
            guess("alice", "wrong")

    guess("alice", "wrong")
    assert state_of(alice) == State.ACTIVE  # it may still be looked at
    pass_time(lockout.LONGEST_GUESS + timedelta(seconds=1))
    guess("alice", "wrong")

    [line] = trail.lines()
    assert (line["initiated_by"], line["end_state"]) == ("system:lockout", "locked")


def test_the_old_password_of_a_change_is_a_guess_too(alice, signed_in, evaluated, trail):
    browser = signed_in(alice)

    for n in range(8):
        browser.post("/accounts/password_change/", {"old_password": f"wrong {n}"})

    assert len(evaluated) == 5
    assert trail.moves() == [("active", "locked")]
    assert browser.get("/")["Location"] == f"{SIGN_IN}?next=/"


@pytest.mark.parametrize("transitions", [("lock", "unlock"), ("deactivate", "activate")])
def test_whom_a_manager_let_in_again_has_five_guesses(alice, mona, guess, transitions):
    for _ in range(4):
        guess("alice", "wrong")
    for name in transitions:
        with UserFSM.changing(alice, reason="because") as fsm:
            fsm.move(name, by=mona)

    for _ in range(4):
        guess("alice", "wrong")

    assert state_of(alice) == State.ACTIVE


def test_it_counts_also_where_the_settings_have_no_autocommit(alice, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "AUTOCOMMIT", False)

    for _ in range(5):
        with transaction.atomic():
            authenticate(username="alice", password="wrong")
            transaction.set_rollback(True)

    assert state_of(alice) == State.LOCKED


@pytest.mark.parametrize("odd", [5, None, b"alice", ["alice"], {}, "\ud800"])
def test_odd_credentials_are_nobodys_and_cost_nothing(alice, evaluated, odd):
    assert authenticate(username="alice", password=odd) is None
    assert authenticate(username=odd, password="alice") is None

    assert evaluated == []
    assert not Budget.objects.filter(key__startswith="password of user").exists()


@pytest.mark.parametrize("charset", ["unicode_escape", "utf-7", "hex", "idna", "punycode", "x"])
def test_forms_in_odd_charsets_are_read_as_utf8(alice, guess, charset):
    for kind in ("multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
        part = 'Content-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
        parts = (part.format("username", "alice"), part.format("password", "\\ud800"))
        body = "".join(f"--x\r\n{each}" for each in parts) + "--x--\r\n"
        if "form-data" not in kind:
            body = "username=alice&password=%5Cud800"
        answer = Client().generic("POST", SIGN_IN, body, f"{kind}; charset={charset}")

        assert answer.status_code == 200
        assert "Please enter a correct user name" in answer.content.decode()


def test_behind_a_unix_socket_people_have_addresses_when_the_proxy_is_trusted(
    alice, guess, settings
):
    settings.TRUSTED_PROXIES = ["unix"]
    for _ in range(lockout.ADDRESS_LIMIT):
        request = RequestFactory().post("/", REMOTE_ADDR="", HTTP_X_FORWARDED_FOR="203.0.113.9")
        lockout.charge_address(request)

    def from_address(address):
        return guess("alice", "alice", REMOTE_ADDR="", HTTP_X_FORWARDED_FOR=address)

    assert not signed_in_by(from_address("203.0.113.9"))
    assert signed_in_by(from_address("203.0.113.10"))

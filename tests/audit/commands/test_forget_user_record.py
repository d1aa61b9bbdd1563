"""What the record of forget_user keeps for good does not say who was forgotten."""

import pytest

from accounts.states import MAX_REASON
from audit.claims import MAX_USER
from audit.context import acting_as
from tests.audit.questions.test_acting_as import NO_NAMES, OF_THE_AUDIT

from .forgetting import REASON, forget
from .told import refused

NAMED = "names the user"


@pytest.fixture
def with_a_full_name(alice_is_gone):
    alice_is_gone.sql(
        "postgres",
        "update accounts_user set first_name = 'Ada Liz', last_name = 'Archer',"
        " email = 'a.archer@example.org' where id = 1",
    )
    return alice_is_gone


@pytest.mark.parametrize(
    "text",
    [
        "alice",
        "for ALICE, who left",
        "\N{FULLWIDTH LATIN SMALL LETTER A}lice",
        "A.Archer@example.org",
        "Ada Liz Archer",
        "archer,  ada liz",
    ],
)
@pytest.mark.parametrize("option", ["--reason", "--by"])
def test_neither_the_reason_nor_who_asks_names_the_user(with_a_full_name, run, option, text):
    refused(forget(run, *REASON, option, text), NAMED)


@pytest.mark.parametrize(
    "claims",
    [
        {"user": "mona", "impersonator": "alice"},
        {"request_id": "of alice"},
        {"ip": "alice"},
    ],
)
def test_nothing_of_the_context_does(alice_is_gone, run, claims):
    with acting_as(**claims):
        refused(forget(run), NAMED)


def test_who_is_forgotten_does_not_ask_for_it(alice_is_gone, run):
    with acting_as("mona", user_id=1):
        refused(forget(run), "can't be recorded as who asks for it")


@pytest.mark.parametrize("text", ["Ada called", "archer", "malice", "request 1", "alice2"])
def test_what_is_no_name_of_theirs_may_be_said(with_a_full_name, run, text):
    assert forget(run, "--reason", text, "--by", "dpo")[0] == 0


@pytest.mark.parametrize(
    "name", [*filter(None, NO_NAMES), "", *OF_THE_AUDIT, "dpo\udc80"], ids=ascii
)
def test_who_asks_for_it_has_a_name(alice_is_gone, run, name):
    refused(forget(run, *REASON, "--by", name), "In --by: ", "is no name.")


def test_nothing_is_cut(alice_is_gone, run):
    reason, name = "x" * MAX_REASON, "y" * MAX_USER
    refused(forget(run, "--reason", reason + "x"), "A reason has at most 1,000 characters.")
    refused(forget(run, *REASON, "--by", name + "y"), "a name has at most 300 characters.")

    assert forget(run, "--reason", reason, "--by", name)[0] == 0

    record = "select initiated_by, reason from user_state_audit where transition = 'forgotten'"
    assert alice_is_gone.sql("rita", record) == [(name, f"2 as subject, 3 as actor: {reason}")]

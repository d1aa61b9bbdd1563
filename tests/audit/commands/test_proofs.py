"""verify_audit with keys and printed seals, and where what should be there is not."""

import json

import psycopg2
import pytest

from .told import PUBLIC, SECRET, refused


def test_signatures_are_checked_by_the_public_key(arena, run):
    arena.seal()

    without = run("verify_audit")
    assert "1 seals (signatures not checked: no key)" in without[1]
    assert run("verify_audit", "--public-key", PUBLIC) == (
        0,
        "All is well: 2 entries of 2 users, 1 seals.\n",
        "",
    )


def test_signatures_are_checked_by_the_key_of_the_environment(arena, run, monkeypatch):
    arena.seal()
    monkeypatch.setenv("AUDIT_SEAL_KEY", SECRET)

    assert "not checked" not in run("verify_audit")[1]


def test_a_printed_seal_is_held_against_the_database(arena, run):
    printed = str(arena.seal())

    assert run("verify_audit", "--seal", printed)[0] == 0
    assert run("verify_audit", "--seal", printed, "--public-key", PUBLIC)[0] == 0


def test_a_printed_seal_that_is_not_there_is_found(arena, run):
    other = str(arena.seal()).replace("number=1", "number=7")

    code, out, _ = run("verify_audit", "--seal", other)

    assert code == 1
    assert "seal 7" in out


@pytest.mark.parametrize("cut", [1, 128, 300, 10_000])
def test_a_seal_that_is_cut_short_is_said(arena, run, cut):
    line = str(arena.seal())[:-cut]

    refused(run("verify_audit", "--seal", line), "In --seal: This is no receipt")


def test_a_seal_that_was_altered_is_said(arena, run):
    line = str(arena.seal()).replace("lines=2", "lines=3")

    refused(
        run("verify_audit", "--seal", line, "--public-key", PUBLIC),
        "was not signed with the key that is given",
    )


@pytest.mark.parametrize(
    "harm",
    [
        "drop table user_state_seal cascade",
        "drop table user_state_audit cascade",
        "drop table user_state_transition cascade",
        "alter table user_state_audit drop column user_id cascade",
        "alter table user_state_seal drop column receipt",
    ],
)
@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_what_is_gone_is_found(arena, run, harm, as_json):
    """However much: it is no reason not to look at what is left."""
    printed = str(arena.seal())
    arena.sql("postgres", harm)

    code, out, err = run("verify_audit", "--public-key", PUBLIC, "--seal", printed, *as_json)

    assert (code, err) == (1, "")
    assert "is missing" in out or "has other columns" in out
    assert not as_json or json.loads(out)["ok"] is False


@pytest.mark.parametrize("number", [2, 10**12])
def test_a_seal_that_cannot_be_is_found(arena, run, number):
    receipt = arena.seal()._replace(number=number, root="00" * 32)
    arena.sql("sealer", f"insert into user_state_seal values ({number}, 2, '{receipt}')")

    code, out, err = run("verify_audit", "--public-key", PUBLIC)

    assert (code, err) == (1, "")
    assert "has a signature that is not of its key" in out


@pytest.mark.parametrize(
    ("number", "form", "receipt"),
    [
        (0, 2, "user-state-seal v=2"),
        (2, 2, "nonsense"),
        (2, 2, "user-state-seal v=2 number=2"),
        (2**63 - 1, 1, ""),
    ],
)
def test_what_is_no_receipt_is_refused(arena, number, form, receipt):
    with pytest.raises(psycopg2.errors.CheckViolation):
        arena.sql("sealer", f"insert into user_state_seal values ({number}, {form}, '{receipt}')")

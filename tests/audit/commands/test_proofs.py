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

    refused(run("verify_audit", "--seal", line), "In --seal: This is no line of a seal")


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
        "alter table user_state_seal drop column signature",
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


@pytest.mark.parametrize(
    "seal",
    [
        "9223372036854775807, now(), 1, 0, 0, 1, 9223372036854775807, 0, 0, 'x', 'x', 'x', 'x'",
        "2, now(), 1, 0, 0, 1, 9223372036854775807, 0, 0, 'x', 'x', 'x', 'x'",
    ],
)
def test_a_seal_that_cannot_be_is_found(arena, run, seal):
    arena.seal()
    arena.sql("sealer", f"insert into user_state_seal values ({seal})")

    code, out, err = run("verify_audit", "--public-key", PUBLIC)

    assert (code, err) == (1, "")
    assert "follows on seal 1" in out or "sealed 9223372036854775807 entries" in out


def test_a_seal_of_never_is_refused(arena):
    with pytest.raises(psycopg2.errors.CheckViolation):
        arena.sql(
            "sealer",
            "insert into user_state_seal values"
            " (1, 'infinity', 1, 0, 0, 1, 1, 0, 0, 'x', 'x', 'x', 'x')",
        )

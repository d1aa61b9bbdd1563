"""prove_audit: what it prints, and its one sentence when it can't."""

import json

import pytest

from tests.audit.test_verify import set_state

from .told import refused


def test_a_proof_is_printed_as_json(arena, run):
    receipt = arena.seal()

    code, out, err = run("prove_audit", "1", "--receipt", str(receipt))

    proof = json.loads(out)
    assert (code, err) == (0, "")
    assert list(proof) == ["entry", "subject", "actor", "index", "path", "receipt"]
    assert (proof["index"], proof["receipt"]) == (0, str(receipt))


def test_parts_can_be_left_out(arena, run):
    receipt = str(arena.seal())

    hidden = run("prove_audit", "1", "--receipt", receipt, "--hide-subject", "--hide-actor")[1]

    assert list(json.loads(hidden)) == ["entry", "index", "path", "receipt"]
    assert "alice" not in hidden


@pytest.mark.parametrize("entry", ["", "x", "-", "1.5", "²", "9" * 19, "\udcff"])
def test_what_is_no_number_of_an_entry_is_said(arena, run, entry):
    refused(run("prove_audit", entry, "--receipt", str(arena.seal())), "is no number of an entry")


@pytest.mark.parametrize("cut", [1, 300, 10_000])
def test_a_damaged_receipt_is_said(arena, run, cut):
    receipt = str(arena.seal())[:-cut]

    refused(run("prove_audit", "1", "--receipt", receipt), "In --receipt: This is no receipt")


def test_a_receipt_of_nothing_here_is_said(arena, run):
    receipt = arena.seal()._replace(number=7)

    refused(run("prove_audit", "1", "--receipt", str(receipt)), "Seal 7 is not in the database")


def test_an_entry_that_is_not_in_that_seal_is_said(arena, run):
    receipt = str(arena.seal())
    arena.sql("web", set_state("locked"))

    refused(run("prove_audit", "3", "--receipt", receipt), "Entry 3 is not in seal 1")
    refused(run("prove_audit", "99", "--receipt", receipt), "There is no entry 99")


def test_who_may_not_look_is_told(arena, run):
    receipt = str(arena.seal())
    arena.sql("otto", "revoke select on user_state_audit from user_state_audit_reader")

    refused(run("prove_audit", "1", "--receipt", receipt), "permission denied")

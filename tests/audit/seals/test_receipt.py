"""Receipts and keys: what is read as one, and what is not."""

import textwrap

import pytest

from audit import seals
from audit.seals.receipt import parse

KEY = seals.new_key()
TEXT = (
    "user-state-seal v=2 site=00000000-0000-4000-8000-00000000000a number=7"
    " at=2026-11-26T10:00:00.123456Z system=7411 database=16384 after=0 from=5 upto=9 lines=2"
    f" first=3 last=4 root={'ab' * 32} previous={'cd' * 32} key={seals.key_id(KEY)}"
)
RECEIPT = parse(f"{TEXT} signature={KEY.sign(TEXT.encode()).hex()}")


def test_a_receipt_is_one_line_of_ascii_and_its_text_is_what_is_signed():
    assert RECEIPT.text == TEXT
    assert str(RECEIPT).isascii()
    assert str(RECEIPT).count("\n") == 0
    assert RECEIPT.is_signed_by(KEY.public_key())
    assert not RECEIPT._replace(lines=3).is_signed_by(KEY.public_key())


def test_each_field_is_read():
    assert RECEIPT._asdict() == {
        "site": "00000000-0000-4000-8000-00000000000a",
        "number": 7,
        "at": "2026-11-26T10:00:00.123456Z",
        "system": "7411",
        "database": "16384",
        "after": 0,
        "start": 5,
        "upto": 9,
        "lines": 2,
        "first": 3,
        "last": 4,
        "root": "ab" * 32,
        "previous": "cd" * 32,
        "key": seals.key_id(KEY),
        "signature": RECEIPT.signature,
    }


@pytest.mark.parametrize("cut", [1, 2, 64, 129, 200, 500])
def test_a_receipt_that_is_cut_short_is_none(cut):
    with pytest.raises(seals.BadReceiptError, match="no receipt, or not the whole of it"):
        seals.find_all(str(RECEIPT)[:-cut])


@pytest.mark.parametrize("text", ["", "nonsense", "user-state-seal v=2", "user-state-seal v=1 x"])
def test_what_is_no_receipt_is_none(text):
    with pytest.raises(seals.BadReceiptError):
        seals.find_all(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("v=2", "v=3"),
        ("number=7", "number=0"),
        ("number=7", "number=07"),
        ("lines=2", "lines=-2"),
        ("lines=2", "lines=02"),
        ("upto=9", "upto=9223372036854775808"),
        ("root=ab", "root=AB"),
        (" first=3", "  first=3"),
        (" first=3 last=4", " last=4 first=3"),
    ],
)
def test_another_form_is_no_receipt(old, new):
    with pytest.raises(seals.BadReceiptError):
        parse(str(RECEIPT).replace(old, new))


def test_a_receipt_is_found_in_what_a_log_or_a_mail_makes_of_it():
    quoted = "\n".join(f"> > {part}" for part in textwrap.wrap(str(RECEIPT), 72))

    assert seals.find_all(f"Nov 23 10:00:00 host sealer[1]: {RECEIPT}\n") == [RECEIPT]
    assert seals.find_all(f'"{quoted}"') == [RECEIPT]
    assert seals.find_all(f"{RECEIPT}\n{quoted}\n") == [RECEIPT, RECEIPT]


def test_of_several_receipts_none_may_be_cut_short():
    with pytest.raises(seals.BadReceiptError):
        seals.find_all(f"{RECEIPT}\n{str(RECEIPT)[:-1]}")


def test_where_one_is_needed_two_are_too_many():
    with pytest.raises(seals.BadReceiptError, match="There are 2 receipts, and one is needed"):
        seals.find_one(f"{RECEIPT}\n{RECEIPT}")


@pytest.mark.parametrize("text", ["", "nonsense", "00" * 31, "00" * 33, "zz" * 32])
def test_what_is_no_key_is_none(text):
    for read in (seals.private_key, seals.public_key):
        with pytest.raises(seals.BadKeyError, match="64 hexadecimal digits"):
            read(text)

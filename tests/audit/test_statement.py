"""The first word of a statement: read as PostgreSQL reads it."""

import pytest

from audit.statement import Statement, leading_word


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("select 1", "select"),
        ("SELECT 1", "select"),
        ("  \n\tUpdate x", "update"),
        ("(select 1)", "select"),
        ("( (\n(select 1)))", "select"),
        ("-- vacuum\nselect", "select"),
        ("-- vacuum\rselect", "select"),
        ("/* vacuum */select", "select"),
        ("/* /* */ select */ vacuum", "vacuum"),
        ("/**/ /***/ /*/**/*/ with x", "with"),
        ("; ;select", "select"),
        ("/* never ends", ""),
        ("-- only a comment", ""),
        ("", ""),
        ("1", ""),
        ("$$select$$", ""),
    ],
)
def test_the_first_word_is_found_behind_spaces_comments_and_parentheses(text, word):
    assert leading_word(text) == word


def test_a_long_run_of_comments_is_read_in_no_time():
    assert leading_word("/* * */" * 20_000 + "select") == "select"
    assert leading_word("(" * 100_000) == ""


def test_a_block_that_may_commit_carries_nothing_outside_of_a_transaction():
    block = Statement("do $$ begin COMMIT; end $$", None)

    assert not block.carries_context(in_transaction=False)
    assert block.carries_context(in_transaction=True)


@pytest.mark.parametrize(
    "text", ["rollback to savepoint a", "select 1; select 2", "set x = 1", "select Set_Config(1)"]
)
def test_after_these_nothing_is_certain(text):
    assert not Statement(text, None).keeps_settings()


@pytest.mark.parametrize("text", ["savepoint a", "release savepoint a", "select 1", "call x()"])
def test_these_leave_the_settings_as_they_are(text):
    assert Statement(text, None).keeps_settings()


def test_something_else_than_text_carries_nothing():
    assert not Statement(object(), None).carries_context(in_transaction=True)

"""The first word of a statement: read as PostgreSQL reads it."""

import pytest

from audit.sqltext import leading_word
from audit.statement import Statement


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
    assert Statement("/* */;" * 20_000 + "set x = ''" + "''" * 20_000, None).place == 0


@pytest.mark.parametrize(
    ("in_front", "others"),
    [
        ("", 0),
        ("begin;", 1),
        ("; begin ;; set x = 1;", 2),
        ("set x = 'a;''b;';", 1),
        ('savepoint ";""";', 1),
        ("lock t -- ;\n/* ; /* ; */ */;", 1),
        ("set x = 1/2-3;", 1),
    ],
)
def test_the_context_has_its_place_behind_what_carries_nothing(in_front, others):
    statement = Statement(f"{in_front} update t; begin; select 1", None)

    assert (statement.place, statement.place_is_behind) == (len(in_front), others)


@pytest.mark.parametrize(
    "text",
    [
        "begin; commit",
        "vacuum;",
        "set x = $$;$$; select 1",
        "set x = '\\'; select 1",
        "set x = ';",
        "create function f() begin atomic select 1; select 2; end; update t",
    ],
)
def test_where_there_is_no_such_place_or_none_is_certain_there_is_none(text):
    assert Statement(text, None).place == 0


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

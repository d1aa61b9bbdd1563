"""Reads the text of statements as PostgreSQL does: comments, quotes, and where one ends."""

import re

_WORD = re.compile(r"\s*([a-z]+)", re.IGNORECASE)
_SKIPPED = re.compile(r"[\s;(]+|--[^\r\n]*|/\*")
_COMMENT_MARK = re.compile(r"/\*|\*/")
# Up to a semicolon, a comment that may nest, or a quote that never ends.
_PLAIN = re.compile(r"""(?:[^;'"/-]+|'[^']*'|"[^"]*"|--[^\r\n]*|/(?!\*)|-)*""")


def leading_word(text: str) -> str:
    """The first word of a statement in lower case, after spaces, comments and parentheses."""
    return next_word(text, 0)[0]


def next_word(text: str, position: int) -> tuple[str, int]:
    """The first word of the next statement that is not empty, and where it ends."""
    word = _WORD.match(text, position)
    while not word:
        skipped = _SKIPPED.match(text, position)
        if not skipped:
            return "", position
        position = skipped.end()
        if skipped.group() == "/*":
            position = end_of_comment(text, position)
        word = _WORD.match(text, position)
    return word[1].lower(), word.end()


def end_of_comment(text: str, position: int) -> int:
    """Where the comment ends that was opened before ``position``: PostgreSQL's comments nest."""
    depth = 1
    for mark in _COMMENT_MARK.finditer(text, position):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(text)


def end_of_statement(text: str, start: int) -> int | None:
    """The place behind the semicolon of the statement that goes on at ``start``. None where there
    is none, and behind a backslash or a dollar, which may quote one."""
    end = start
    while plain := _PLAIN.match(text, end):
        end = plain.end()
        if not text.startswith("/*", end):
            break
        end = end_of_comment(text, end + 2)
    quotes = {"\\", "$"} & set(text[start:end])
    return end + 1 if text.startswith(";", end) and not quotes else None

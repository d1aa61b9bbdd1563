"""Who is compared, and what each adds to the application: the files of its folder."""

import ast
import io
import tokenize
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
REQUIREMENTS = (HERE / "requirements.txt", HERE.parent.parent / "requirements.txt")
NOT_THEIRS = {"asked.py", "__init__.py"}
PLUMBING = ("from base import", "from with_pghistory.settings import")  # of the benchmark
NO_CODE = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT),
    *(tokenize.ENCODING, tokenize.ENDMARKER),
}


class Contender(NamedTuple):
    folder: str
    title: str
    package: str = ""
    builds_on: str = ""  # another one, of which it changes something

    @property
    def folders(self) -> list[str]:
        return [each for each in (self.builds_on, self.folder) if each]

    @property
    def version(self) -> str:
        return self.package and pinned(self.package)

    @property
    def lines(self) -> int:
        """Of code that a site adds: neither blank, nor a comment, nor a docstring."""
        files = [file for each in self.folders for file in (HERE / each).glob("*.py")]
        texts = [file.read_text("utf-8") for file in files if file.name not in NOT_THEIRS]
        return sum(lines_of_code(text) for text in texts)


NOBODY = Contender("no_audit", "no audit")
OURS = Contender("with_user_state_audit", "user state audit")
CONTENDERS = [
    NOBODY,
    Contender("by_signal", "a signal, as in tutorials"),
    Contender("with_auditlog", "django-auditlog", "django-auditlog"),
    Contender("with_simple_history", "django-simple-history", "django-simple-history"),
    Contender("with_easy_audit", "django-easy-audit", "django-easy-audit"),
    Contender("with_reversion", "django-reversion", "django-reversion"),
    Contender("with_fsm_log", "django-fsm-log", "django-fsm-log"),
    Contender("with_pghistory", "django-pghistory, by row", "django-pghistory"),
    Contender(
        *("with_pghistory_statement", "django-pghistory, by statement", "django-pghistory"),
        builds_on="with_pghistory",
    ),
    OURS,
]


def pinned(package: str) -> str:
    """The version in the requirements."""
    pins = "\n".join(file.read_text("utf-8") for file in REQUIREMENTS).splitlines()
    [version] = [pin.partition("==")[2] for pin in pins if pin.startswith(f"{package}==")]
    return version


def lines_of_code(text: str) -> int:
    code = {
        number
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type not in NO_CODE
        for number in range(token.start[0], token.end[0] + 1)
    }
    tree = ast.parse(text)
    for node in ast.walk(tree):
        documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
        if isinstance(node, documented) and ast.get_docstring(node) is not None:
            code -= {*range(node.body[0].lineno, node.body[0].end_lineno + 1)}
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith(PLUMBING):
            code.discard(number)
    return len(code)

"""docs/settings.md lists every variable and every setting that the code reads, and no other."""

import re

from project.settings import BASE_DIR

PAGE = (BASE_DIR / "docs/settings.md").read_text()
VARIABLES, SETTINGS = PAGE.split("\n## ")[1:]
ENVIRONMENT = re.compile(
    r"""environ(?:\.\w+)?[\[(]"([A-Z_]+)"|\b(?:words|required)\("(\w+)"\)"""
    r"""|"([A-Z_]+)" in os\.environ|!= "(PG[A-Z]+)\""""
)
READ = re.compile(r"""\bsettings\.([A-Z_]+)\b|getattr\(settings, "([A-Z_]+)\"""")
FOLDERS = ("accounts", "audit", "project", "tests/browser")
CODE = "\n".join(
    path.read_text()
    for path in [
        BASE_DIR / "manage.py",
        *(path for folder in FOLDERS for path in (BASE_DIR / folder).rglob("*.py")),
    ]
)


def listed(section: str) -> set[str]:
    cells = re.findall(r"^\| (`.*?`) \|", section, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def found(pattern: re.Pattern, text: str) -> set[str]:
    return {"".join(groups) for groups in pattern.findall(text)}


def test_every_environment_variable_that_is_read_is_listed():
    assert found(ENVIRONMENT, CODE) - {"PATH", "LC_ALL"} == listed(VARIABLES)


def test_every_setting_that_is_read_is_listed():
    set_here = set(re.findall(r"^([A-Z_]+)\b.* = ", "\n" + CODE, re.MULTILINE))

    assert {"AUDIT_ACTOR", "SITE_URL"} <= found(READ, CODE) <= listed(SETTINGS)
    assert listed(SETTINGS) <= found(READ, CODE) | set_here

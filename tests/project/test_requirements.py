"""requirements.txt is what running needs, requirements-archive.txt what archiving needs too, and
requirements-dev.txt what tests and tools need."""

import ast
import sys
from importlib.metadata import packages_distributions, requires, version

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from project import bootstrap
from project.settings import BASE_DIR


def pins(name: str) -> dict[str, str]:
    lines = (BASE_DIR / name).read_text().splitlines()
    packages = [line for line in lines if line and not line.startswith(("#", "-r "))]
    return {canonicalize_name(n): v for n, v in (line.split("==") for line in packages)}


RUN, DEV = pins(bootstrap.RUN), pins(bootstrap.DEV)
ARCHIVE = pins("requirements-archive.txt")


def brought_along_by(name: str) -> set[str]:
    """What a package needs where it is installed now."""
    needs = map(Requirement, requires(name) or [])
    here = [each for each in needs if not each.marker or each.marker.evaluate({"extra": ""})]
    return {canonicalize_name(each.name) for each in here}


@pytest.mark.parametrize(
    ("pinned", "known"), [(RUN, RUN), (ARCHIVE, RUN | ARCHIVE), (DEV, RUN | ARCHIVE | DEV)]
)
def test_whatever_is_installed_is_pinned(pinned, known):
    assert {name: version(name) for name in pinned} == pinned
    assert set().union(*map(brought_along_by, pinned)) <= set(known)


def test_nothing_is_pinned_twice():
    assert len(RUN | ARCHIVE | DEV) == len(RUN) + len(ARCHIVE) + len(DEV)


def test_the_site_needs_nothing_that_only_tests_have():
    distributions = packages_distributions()
    sources = [
        path for app in ("accounts", "audit", "project") for path in BASE_DIR.glob(f"{app}/**/*.py")
    ]
    trees = [ast.parse(path.read_text()) for path in sources]
    imported = {
        name.partition(".")[0]
        for tree in trees
        for node in ast.walk(tree)
        for name in names_in(node)
    }

    outside = imported - sys.stdlib_module_names - {"accounts", "audit", "project", "psycopg"}
    used = {canonicalize_name(each) for name in outside for each in distributions[name]}
    assert "django" in used
    assert used <= RUN.keys() | ARCHIVE.keys()


def names_in(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []

"""docs/changing.md is true: each recipe, followed as it stands there, and then deployed."""

import re
import shlex

import pytest

from audit.expectation import EXPECTED
from audit.readiness import newest_migration, not_ready
from project.settings import BASE_DIR

from .clones import Clone

pytestmark = pytest.mark.slow

PAGE = (BASE_DIR / "docs/changing.md").read_text()
RECIPES = {
    text.partition("\n")[0]: re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    for text in PAGE.split("\n## ")[1:]
    if "```diff" in text
}
MAKE_MIGRATION = ["makemigrations", "audit", "--empty", "--name", "more"]
COMMANDS = "$ python3 manage.py "


@pytest.mark.parametrize("name", RECIPES)
def test_the_recipe_works_and_is_deployed_over_this_version(name, site, sites, tmp_path):
    clone = Clone(tmp_path)
    [(_, diff), (_, commands)] = RECIPES[name]
    site = site("today")
    site.sql("mia", f"revoke temporary on database {site.name} from wanda")

    clone.apply(diff)
    for line in commands.splitlines():
        assert line.startswith(COMMANDS)
        command = shlex.split(line.removeprefix(COMMANDS))
        # Tests make databases, others look at one.
        of = "postgres" if command[0] == "test" else "mia"
        run(clone, *command, url=sites.url_for(of, site.name))
    run(clone, "migrate", url=site.url)
    run(clone, "makemigrations", "--check", url=site.url)
    run(clone, "check", "--fail-level", "WARNING", url=site.url)
    run(clone, "verify_audit", url=sites.url_for("ruth", site.name))

    assert not_ready(site.django) is None  # says the version before


def test_what_there_has_to_be_changes_with_a_migration_only(sites, tmp_path):
    """By it other versions know the change, so expect_audit writes none without."""
    clone = Clone(tmp_path)
    file = tmp_path / EXPECTED.relative_to(BASE_DIR)
    clone.edit("sql/install/30_refuse_rewriting.sql", "is refused'", "is not done'")

    refused = clone.manage("expect_audit", url=sites.url)

    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1), refused.stderr
    assert f"or give --amend where audit.{newest_migration()} is deployed" in refused.stderr
    assert file.read_text() == EXPECTED.read_text()
    for command in (["expect_audit", "--amend"], MAKE_MIGRATION, ["expect_audit"]):
        run(clone, *command, url=sites.url)
    assert "is not done" in file.read_text()
    assert '_more",\n' in file.read_text()


def run(clone: Clone, *command: str, url: str) -> None:
    done = clone.manage(*command, url=url)
    assert done.returncode == 0, done.stdout + done.stderr

"""docs/changing.md is true: each recipe, followed as it stands there, and then deployed."""

import re
import shlex

import pytest

from audit.readiness import not_ready
from project.settings import BASE_DIR

from .clones import Clone

pytestmark = pytest.mark.slow

PAGE = (BASE_DIR / "docs/changing.md").read_text()
RECIPES = {
    text.partition("\n")[0]: re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    for text in PAGE.split("\n## ")[1:]
    if "```diff" in text
}
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


def run(clone: Clone, *command: str, url: str) -> None:
    done = clone.manage(*command, url=url)
    assert done.returncode == 0, done.stdout + done.stderr

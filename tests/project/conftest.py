import sys
from pathlib import Path

import pytest

from .ups import copy_tree


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """A copy of the project under a path with a space and capitals, with this .venv."""
    folder = copy_tree(tmp_path_factory.mktemp("A Copy") / "User State Audit")
    (folder / ".venv").symlink_to(sys.prefix)
    return folder

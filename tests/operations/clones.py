"""Copies of this project to be changed: its next release, or what a team makes of it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from project.settings import BASE_DIR


class Clone:
    """The files of this project as they are now, in ``folder``."""

    def __init__(self, folder: Path):
        self.folder = folder
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=BASE_DIR, check=True, capture_output=True, text=True)
        for name in filter(None, names.stdout.split("\0")):
            source, copy = BASE_DIR / name, folder / name
            if source.is_file():  # and neither deleted nor a link to a folder
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, copy)

        (folder / ".venv").symlink_to((BASE_DIR / ".venv").resolve())

    def edit(self, name: str, old: str, new: str) -> None:
        file = self.folder / name
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new))

    def apply(self, diff: str) -> None:
        done = subprocess.run(
            ["git", "apply", "-"], cwd=self.folder, input=diff, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr

    def manage(self, *arguments: str, url: str) -> subprocess.CompletedProcess:
        """Run ``manage.py`` of the copy, on the database of ``url``."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.folder,
            env=os.environ | {"DATABASE_URL": url},
            capture_output=True,
            text=True,
        )

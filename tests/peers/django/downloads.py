"""What Django's suite needs and the project does not: its source, and packages beside it."""

import re
import subprocess
import tarfile
from pathlib import Path

from project.bootstrap import BASE, ROOT


def installed(folder: Path, name: str, requirements: Path) -> Path:
    """A folder in which the packages are."""
    target = folder / name
    if not target.exists():
        pip("install", "--target", str(target), "-r", str(requirements))
    return target


def source(folder: Path) -> Path:
    """The source of Django in the version that is pinned, its tests included."""
    pins = Path(ROOT, "requirements.txt").read_text()
    [version] = re.findall(r"^Django==(.+)$", pins, re.MULTILINE)
    target = folder / f"django-{version}"
    if not target.exists():
        pip("download", "--no-deps", "--no-binary=:all:", "-d", str(folder), f"Django=={version}")
        with tarfile.open(folder / f"{target.name}.tar.gz") as archive:
            archive.extractall(folder, filter="data")
    return target


def pip(*arguments: str) -> None:
    quiet = ("-q", "--disable-pip-version-check")
    subprocess.run([BASE, "-m", "pip", arguments[0], *quiet, *arguments[1:]], check=True)

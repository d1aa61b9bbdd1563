"""The virtual environment of what is compared, made anew when a requirement changes."""

import hashlib
import subprocess
import sys
from pathlib import Path

from contenders import HERE, REQUIREMENTS

from project.bootstrap import BASE

FOLDER = HERE.parent.parent / ".local/peers"
PYTHON = FOLDER / "bin/python"
STAMP = FOLDER / "requirements.sha256"


def prepare() -> Path:
    """Its Python. Made as .venv is: without what Debian has in a package of its own."""
    text = b"".join(each.read_bytes() for each in REQUIREMENTS) + sys.version.encode()
    digest = hashlib.sha256(text).hexdigest()
    if not STAMP.exists() or STAMP.read_text() != digest:
        print(f"Installing {REQUIREMENTS[0]} in {FOLDER} ...", file=sys.stderr)
        subprocess.run([BASE, "-m", "venv", "--clear", "--without-pip", FOLDER], check=True)
        pip = [BASE, "-m", "pip", "--python", PYTHON, "install", "-qq", "--no-input"]
        subprocess.run([*pip, "-r", REQUIREMENTS[0]], check=True)
        STAMP.write_text(digest)
    return PYTHON

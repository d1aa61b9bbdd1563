"""The virtual environment of what is compared, made anew when a requirement changes."""

import hashlib
import subprocess
import sys
from pathlib import Path

from contenders import HERE, REQUIREMENTS

FOLDER = HERE.parent.parent / ".local/peers"
PYTHON = FOLDER / "bin/python"
STAMP = FOLDER / "requirements.sha256"


def prepare() -> Path:
    """The Python of the environment."""
    text = b"".join(each.read_bytes() for each in REQUIREMENTS) + sys.version.encode()
    digest = hashlib.sha256(text).hexdigest()
    if not STAMP.exists() or STAMP.read_text() != digest:
        print("Installing benchmarks/peers/requirements.txt in .local/peers ...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", "--clear", FOLDER], check=True)
        install = [PYTHON, "-m", "pip", "install", "-qq", "-r", REQUIREMENTS[0]]
        subprocess.run(install, check=True, stdout=subprocess.DEVNULL)
        STAMP.write_text(digest)
    return PYTHON

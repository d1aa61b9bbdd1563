"""Creates .venv and continues in it. Runs before any package is there: standard library only.

Old versions of Python can run it too, and say which version is needed.
"""

import hashlib
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, ".requirements.sha256")
# Not the one in .venv, which has no pip, and may be about to be created again.
BASE = getattr(sys, "_base_executable", sys.executable)
REQUIREMENTS = os.path.join(ROOT, "requirements.txt")


def enter_venv(install):
    """Continue in .venv. With ``install``, create it when it is missing or out of date."""
    if sys.version_info < (3, 11):
        sys.exit("Python 3.11 or newer is needed; this is %s." % sys.version.split()[0])
    if install and not is_current():
        make_venv()
    inside = os.path.realpath(sys.prefix) == os.path.realpath(VENV)
    if os.path.exists(STAMP) and not inside:
        os.execv(PYTHON, [PYTHON] + sys.argv)
    elif not inside:
        require_django()


def require_django():
    """Without .venv, the packages may be installed in another way, or not at all."""
    try:
        import django  # noqa: F401, PLC0415 - only to see whether it is there
    except ImportError:
        sys.exit("Nothing is installed yet. Run this first: python3 manage.py up")


def expected_stamp():
    """A digest of what .venv is created from."""
    with open(REQUIREMENTS, "rb") as file:
        return hashlib.sha256(file.read() + sys.version.encode()).hexdigest()


def is_current():
    try:
        with open(STAMP) as file:
            return file.read() == expected_stamp()
    except OSError:
        return False


def make_venv():
    """--without-pip and pip --python: so it works without Debian's python3-venv and with an
    externally managed Python."""
    print("Making .venv and installing requirements.txt (only this once) ...", flush=True)
    try:
        venv = [BASE, "-m", "venv", "--clear", "--without-pip", VENV]
        subprocess.run(venv, check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        sys.exit("Python could not make the folder .venv in %s." % ROOT)
    install_packages()
    with open(STAMP, "w") as file:
        file.write(expected_stamp())


def install_packages():
    """Run pip, naming each package as it comes."""
    command = [BASE, "-m", "pip", "--python", PYTHON, "install", "--no-input"]
    command += ["--progress-bar=off", "--disable-pip-version-check", "--retries=2"]
    pip = subprocess.Popen(
        command + ["-r", REQUIREMENTS],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    output = []
    for line in pip.stdout:
        output.append(line.strip())
        if line.startswith(("Collecting ", "Installing ")):
            print("  " + line.split(" (")[0].strip()[:90], flush=True)
    if pip.wait() != 0:
        errors = [line for line in output if "ERROR" in line or "No module named" in line]
        reason = (errors or output or ["no message"])[0]
        sys.exit("The packages could not be installed; is the package index reachable? " + reason)

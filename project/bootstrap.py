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
# Not the one in .venv, which has no pip, and may be about to be created again.
BASE = getattr(sys, "_base_executable", sys.executable)
# What running needs, and what tests and tools need besides.
RUN, DEV = "requirements.txt", "requirements-dev.txt"


def enter_venv(needs=()):
    """Continue in .venv. What it ``needs`` is installed, where that is missing or out of date."""
    if sys.version_info < (3, 11):
        sys.exit("Python 3.11 or newer is needed; this is %s." % sys.version.split()[0])
    for name in needs:
        if not is_current(name):
            install(name)
    inside = os.path.realpath(sys.prefix) == os.path.realpath(VENV)
    if os.path.exists(stamp(RUN)) and not inside:
        os.execv(PYTHON, [PYTHON] + sys.argv)
    elif not inside:
        require_django()


def require_django():
    """Without .venv, the packages may be installed in another way, or not at all."""
    try:
        import django  # noqa: F401, PLC0415 - only to see whether it is there
    except ImportError:
        sys.exit("Nothing is installed yet. Run this first: python3 manage.py up")


def install(name):
    """Install the requirements of this file. Those to run come first, into a new .venv; the others
    are added to it, for a site may be running from it."""
    print("Installing %s in .venv (only this once) ..." % name, flush=True)
    if name == RUN:
        make_venv()
    install_packages(os.path.join(ROOT, name))
    with open(stamp(name), "w") as file:
        file.write(digest(name))


def stamp(name):
    """The file that says which version of the requirements is installed."""
    return os.path.join(VENV, ".%s.sha256" % name)


def digest(name):
    with open(os.path.join(ROOT, name), "rb") as file:
        return hashlib.sha256(file.read() + sys.version.encode()).hexdigest()


def is_current(name):
    try:
        with open(stamp(name)) as file:
            return file.read() == digest(name)
    except OSError:
        return False


def make_venv():
    """--without-pip and pip --python: so it works without Debian's python3-venv and with an
    externally managed Python."""
    try:
        venv = [BASE, "-m", "venv", "--clear", "--without-pip", VENV]
        subprocess.run(venv, check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        sys.exit("Python could not make the folder .venv in %s." % ROOT)


def install_packages(requirements):
    """Run pip, naming each package as it comes."""
    command = [BASE, "-m", "pip", "--python", PYTHON, "install", "--no-input"]
    command += ["--progress-bar=off", "--disable-pip-version-check", "--retries=2"]
    pip = subprocess.Popen(
        command + ["-r", requirements],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    output = []
    for line in pip.stdout:  # type: ignore[union-attr] # it is a pipe
        output.append(line.strip())
        if line.startswith(("Collecting ", "Installing ")):
            print("  " + line.split(" (")[0].strip()[:90], flush=True)
    if pip.wait() != 0:
        errors = [line for line in output if "ERROR" in line or "No module named" in line]
        reason = (errors or output or ["no message"])[0]
        sys.exit("The packages could not be installed; is the package index reachable? " + reason)

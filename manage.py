#!/usr/bin/env python3
"""python3 manage.py up | test | any Django command. Needs only Python 3.11 and pip.

`up` and `test` create .venv first. Every command uses it, and without DATABASE_URL every command
uses the PostgreSQL server of this folder.
"""

import os
import sys

from project import bootstrap


def main():
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    bootstrap.enter_venv(install=command in ("up", "test"))

    from project import local

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    if command == "test":
        sys.exit(local.test(sys.argv[2:]))
    local.run(command, sys.argv)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)

#!/usr/bin/env python3
"""python3 manage.py up | test | any Django command. Needs only Python 3.11 and pip.

`up` and `test` create .venv first, and `test` adds what tests and tools need. Every command uses
it, and without DATABASE_URL every command uses the PostgreSQL server of this folder.
"""

import os
import sys

from project import bootstrap

NEEDS = {"up": [bootstrap.RUN], "test": [bootstrap.RUN, bootstrap.DEV]}


def main():
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    bootstrap.enter_venv(NEEDS.get(command, []))

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

"""One contender, in a process of its own: a line of JSON asks for something, and one answers."""

import json
import sys

import django

django.setup()

import paths
import work
from django.db import connection
from ways import ASKED


def about() -> dict[str, object]:
    names = ("table", "key", "sample", "by")
    return {name: getattr(ASKED, name) for name in names} | {"own_calls": sorted(ASKED.own_calls)}


QUESTIONS = {
    "about": about,
    "paths": paths.run_all,
    "save": work.save,
    "bulk": work.bulk,
    "page": work.page,
    "leave": connection.close,
}


def main() -> None:
    answers, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        question, *arguments = json.loads(line)
        answer = QUESTIONS[question](*arguments)
        print(json.dumps(answer), file=answers, flush=True)


main()

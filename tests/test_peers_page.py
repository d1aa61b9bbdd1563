"""docs/peers.md and its picture say what was measured, with the versions and files of today."""

import json
from importlib import import_module
from xml.etree import ElementTree

import pytest

from project.settings import BASE_DIR


@pytest.fixture
def benchmark(monkeypatch):
    """A function that imports a module of the benchmark."""
    monkeypatch.syspath_prepend(BASE_DIR / "benchmarks/peers")
    return import_module


@pytest.fixture
def measured(benchmark):
    return json.loads(benchmark("pages").MEASURED.read_text("utf-8"))


def test_the_page_has_the_tables_of_what_was_measured(benchmark, measured):
    page = benchmark("pages").PAGE.read_text("utf-8")

    assert benchmark("pages").with_tables(page, measured) == page


def test_the_picture_is_of_what_was_measured(benchmark, measured):
    text = benchmark("pages").CHART.read_text("utf-8")

    assert benchmark("chart").chart(measured) == text
    ElementTree.fromstring(text)


def test_what_was_measured_are_the_versions_that_are_pinned(benchmark, measured):
    contenders = {each.folder: each for each in benchmark("contenders").CONTENDERS}

    assert measured["contenders"].keys() == contenders.keys()
    for folder, of in measured["contenders"].items():
        assert of["version"] == contenders[folder].version, f"Run run.py --write for {folder}."


def test_this_project_alone_records_all_paths_rightly(benchmark, measured):
    all_ = benchmark("figures").all_figures(measured)

    assert [each.contender.title for each in all_ if each.has_all()] == ["user state audit"]


def test_lines_are_counted_without_comments_docstrings_and_what_is_the_benchmarks(benchmark):
    text = '''"""What it is."""

from base import *  # noqa: F403
import this  # counted

# Not this.
class A:
    """Nor this,
    nor that."""

    b = """two
lines"""
'''

    assert benchmark("contenders").lines_of_code(text) == 4

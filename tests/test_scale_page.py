"""docs/scale.md and its picture say what was measured."""

from importlib import import_module
from xml.etree import ElementTree

import pytest

from project.settings import BASE_DIR


@pytest.fixture
def page(monkeypatch):
    monkeypatch.syspath_prepend(BASE_DIR / "benchmarks")
    return import_module("scale_page")


def test_the_page_has_the_tables_of_what_was_measured(page):
    text = page.PAGE.read_text("utf-8")

    assert page.with_tables(text, page.read()) == text


def test_the_picture_is_of_what_was_measured(page):
    text = page.CHART.read_text("utf-8")

    assert page.chart(page.read()) == text
    ElementTree.fromstring(text)

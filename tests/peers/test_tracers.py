"""Toolbars and tracers keep what the author wrote, and neither who asked nor from where."""

import json
import re

import pytest
import sentry_sdk
from debug_toolbar.store import get_store
from django.db import connection
from django.db.backends.postgresql.psycopg_any import is_psycopg3
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.transport import Transport

from .peers import ADDRESS, OTEL_DJANGO, OTEL_PSYCOPG, OTEL_PSYCOPG2, SENTRY, TOOLBAR, UPDATE

if is_psycopg3:
    from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor as DriverInstrumentor
else:
    from opentelemetry.instrumentation.psycopg2 import Psycopg2Instrumentor as DriverInstrumentor


def test_debug_toolbar(client, trail, settings):
    settings.DEBUG = True
    settings.MIDDLEWARE = ["debug_toolbar.middleware.DebugToolbarMiddleware", *settings.MIDDLEWARE]
    store = get_store()
    store.clear()

    client.get("/every/way")

    [request_id] = store.request_ids()
    queries = store.panel(request_id, "SQLPanel")["queries"]
    TOOLBAR.recorded_in(trail)
    TOOLBAR.saw([each[name] for each in queries for name in ("sql", "raw_sql")])


class Kept(Transport):
    """Keeps the events instead of sending them."""

    def __init__(self):
        super().__init__()
        self.events = []

    def capture_envelope(self, envelope) -> None:
        self.events += [item.payload.json for item in envelope.items]


@pytest.fixture
def sentry():
    transport = Kept()
    sentry_sdk.init(transport=transport, traces_sample_rate=1, integrations=[DjangoIntegration()])
    yield transport.events
    sentry_sdk.init()


def test_sentry(client, trail, sentry):
    with sentry_sdk.start_transaction(name="request"):
        client.post("/every/way")
        sentry_sdk.capture_message("Something happened.")

    [message, transaction] = sentry
    SENTRY.recorded_in(trail)
    SENTRY.saw([each["description"] for each in transaction["spans"] if each["op"] == "db"])
    crumbs = message["breadcrumbs"]["values"]
    SENTRY.saw([each["message"] for each in crumbs if each["category"] == "query"])
    assert not re.search(f"alice|{ADDRESS}", json.dumps(sentry, default=str))


@pytest.fixture(params=[False, True], ids=["", "with comments"])
def spans(request):
    """Of connections that are made from now on, as those of a process that has just begun."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentors = (DriverInstrumentor(), DjangoInstrumentor())
    connection.close()
    for each in instrumentors:
        each.instrument(
            tracer_provider=provider, skip_dep_check=True, enable_commenter=request.param
        )
    yield exporter
    connection.close()
    for each in instrumentors:
        each.uninstrument()


def test_opentelemetry(client, trail, spans):
    spans.clear()
    client.post("/every/way")

    finished = spans.get_finished_spans()
    statements = [each for each in finished if "db.statement" in each.attributes]
    peer = OTEL_PSYCOPG if is_psycopg3 else OTEL_PSYCOPG2
    peer.recorded_in(trail)
    peer.saw([each.attributes["db.statement"] for each in statements])
    names = {each.name for each in statements} - {"set"}  # once for a connection: read_committed()
    assert names == {"SELECT", "UPDATE"}
    [request] = [each for each in finished if each.name.startswith("POST")]
    OTEL_DJANGO.recorded_in(trail)
    assert UPDATE not in json.dumps(dict(request.attributes), default=str)
    assert "alice" not in json.dumps(dict(request.attributes), default=str)

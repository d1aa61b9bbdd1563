"""What differs in Django's own suite with a context in force, and why that is right."""

# The name of a test, as the suite takes it, and the reason.
EXPECTED = {
    "backends.postgresql.tests.Tests.test_connect_custom_cursor_factory": (
        "the connection's cursor class is not the one that was configured, but a subclass of it"
    ),
}

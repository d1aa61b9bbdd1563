"""What differs in Django's own suite with a context in force, and why that is right."""

SUBCLASS = "the connection's cursor class is a subclass of the one that was configured"

# The name of a test, as the suite takes it, and the reason.
EXPECTED = {
    "backends.postgresql.tests.Tests.test_connect_custom_cursor_factory": SUBCLASS,
    "backends.postgresql.tests.Tests.test_connect_server_side_binding": SUBCLASS,
}

"""Mail goes to the console, or by SMTP in the background."""

import socket
from contextlib import suppress
from threading import Event, Thread

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage

from project.mail import BackgroundEmailBackend, _worker
from project.settings import email


def test_mail_goes_to_the_console_unless_told_otherwise():
    assert email("console:")["EMAIL_BACKEND"] == "django.core.mail.backends.console.EmailBackend"


def test_email_url_is_read():
    config = email("submission://me%40example.com:pw@mail.example.com/?_default_from_email=a@b.c")

    assert config["EMAIL_BACKEND"] == "project.mail.BackgroundEmailBackend"
    assert (config["EMAIL_HOST"], config["EMAIL_PORT"]) == ("mail.example.com", 587)
    assert (config["EMAIL_HOST_USER"], config["EMAIL_HOST_PASSWORD"]) == ("me@example.com", "pw")
    assert config["EMAIL_USE_TLS"]
    assert config["EMAIL_TIMEOUT"] == 30
    assert config["DEFAULT_FROM_EMAIL"] == "a@b.c"


@pytest.mark.parametrize("url", ["nonsense", "http://x", "smtp://host:port/", "smtp://[::1"])
def test_an_invalid_email_url_is_an_error(url):
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL is not of the form"):
        email(url)


@pytest.fixture
def smtp():
    """A mail server that waits for ``go``, accepts mails, and hangs up on request: its port,
    go, and the lines that it received."""
    listening = socket.create_server(("127.0.0.1", 0))
    go, received = Event(), []

    def serve() -> None:
        with suppress(OSError):  # when the test is over
            while True:
                connection, _ = listening.accept()
                with connection, connection.makefile("rw", newline="\r\n") as lines:
                    go.wait(10)
                    listen(lines)

    def listen(lines) -> None:
        answers = {"data": "354 go on", "quit": "221 bye"}
        print("220 here", file=lines, flush=True)
        for line in lines:
            command = line.strip()
            in_data = received.count("data") > received.count(".")
            received.append(command)
            if "hangup" in command:
                return
            if command == "." or not in_data:
                ok = "550 no" if "refused" in command else "250 ok"
                print(answers.get(command, ok), file=lines, flush=True)

    server = Thread(target=serve)
    server.start()
    yield listening.getsockname()[1], go, received
    go.set()
    listening.shutdown(socket.SHUT_RDWR)
    server.join(10)
    listening.close()


def test_nobody_waits_for_the_mail_server(smtp):
    port, go, received = smtp
    backend = BackgroundEmailBackend(host="127.0.0.1", port=port)

    sent = backend.send_messages([EmailMessage("Hello", "World", "a@example.com", ["b@c.de"])])

    assert (sent, received) == (1, [])
    go.set()
    _worker.submit(int).result(10)
    assert "rcpt TO:<b@c.de>" in received
    assert "Subject: Hello" in received


def test_a_mail_that_cannot_be_sent_is_logged_without_its_text(caplog):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    backend = BackgroundEmailBackend(host="127.0.0.1", port=port)

    backend.send_messages([EmailMessage("Hello", "secret link", "a@example.com", ["b@c.de"])])
    _worker.submit(int).result(10)

    assert "The mail to b@c.de could not be sent." in caplog.text
    assert "secret link" not in caplog.text


@pytest.mark.parametrize("what", ["refused", "hangup"])
def test_a_recipient_who_is_refused_is_no_reason_to_leave_out_the_others(smtp, caplog, what):
    port, go, received = smtp
    backend = BackgroundEmailBackend(host="127.0.0.1", port=port)
    people = ["one@example.com", f"{what}@example.com", "two@example.com"]
    go.set()

    backend.send_messages([EmailMessage("Hello", "", "a@b.c", [person]) for person in people])
    _worker.submit(int).result(10)

    assert [line for line in received if line.startswith("rcpt")] == [
        f"rcpt TO:<{person}>" for person in people
    ]
    assert received.count("data") == 2
    assert f"The mail to {what}@example.com could not be sent." in caplog.text
    assert "one@example.com" not in caplog.text

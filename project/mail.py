"""SMTP in the background."""

import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from smtplib import SMTPException

from django.core.mail.backends.smtp import EmailBackend

# Of the network, of the mail server, and of a mail that is not valid.
FAILURES = (OSError, SMTPException, ValueError)

logger = logging.getLogger(__name__)

# Python waits at its end for mails that are not sent yet.
_worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


class BackgroundEmailBackend(EmailBackend):
    """No page waits for the mail server, so the time of an answer does not tell whether a mail
    was sent, that is whether there is such an account. Failures are logged."""

    def send_messages(self, email_messages) -> int:
        messages = list(email_messages)
        _worker.submit(self.deliver, messages)
        return len(messages)

    def deliver(self, messages) -> None:
        """Send each mail by itself, on one connection as long as it lasts: when a recipient is
        refused, or the server hangs up, the other mails are still sent. When the server cannot
        be reached, they are not. Failures are logged."""
        for number, message in enumerate(messages):
            try:
                self.open()
            except FAILURES:
                log_failure(messages[number:])
                return
            try:
                super().send_messages([message])
            except FAILURES:
                log_failure([message])
                self.hang_up()
        self.hang_up()

    def hang_up(self) -> None:
        with suppress(*FAILURES):
            self.close()


def log_failure(messages) -> None:
    recipients = ", ".join(address for message in messages for address in message.to)
    logger.exception("The mail to %s could not be sent.", recipients)

"""SMTP in the background."""

import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from smtplib import SMTPException

from django.core.mail.backends.smtp import EmailBackend

# Of the network, of the mail server, and of a mail that is none.
FAILURES = (OSError, SMTPException, ValueError)

logger = logging.getLogger(__name__)

# Python waits for what is left when it ends.
_worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="mail")


class BackgroundEmailBackend(EmailBackend):
    """No page waits for the mail server; nor tells by its time whether it had to send a mail,
    that is whether there is such an account. What could not be sent is logged."""

    def send_messages(self, email_messages) -> int:
        messages = list(email_messages)
        _worker.submit(self.deliver, messages)
        return len(messages)

    def deliver(self, messages) -> None:
        """Each by itself, on one connection as long as it holds: a recipient who is refused, or
        a server that hangs up, is no reason to leave out the others. A server that cannot be
        reached is. All of that is logged."""
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
    people = ", ".join(address for message in messages for address in message.to)
    logger.exception("The mail to %s could not be sent.", people)

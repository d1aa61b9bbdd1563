"""manage.py invite_user ADDRESS …: the links go out by mail."""

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.management import BaseCommand, CommandError

from accounts import invitations
from accounts.mail import site_of


class Command(BaseCommand):
    help = "Invite people by their e-mail addresses; who is invited already gets a new link."

    def add_arguments(self, parser):
        parser.add_argument("addresses", nargs="+", metavar="ADDRESS")

    def handle(self, addresses: list[str], **options):
        try:
            users = invitations.invite(invitations.parse(" ".join(addresses)), site_of())
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        for user in users:
            self.stdout.write(f"Invited {user}; a link is on its way.")

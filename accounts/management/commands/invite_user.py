"""manage.py invite_user ADDRESS …: sends each user a link by mail."""

from django.core.exceptions import ValidationError
from django.core.management import BaseCommand, CommandError

from accounts import invitations
from accounts.mail import NoSiteError, site_of
from accounts.states import ChangeRefusedError


class Command(BaseCommand):
    help = "Invite users by their e-mail addresses. Users who are invited already get a new link."

    def add_arguments(self, parser):
        parser.add_argument("addresses", nargs="+", metavar="ADDRESS")

    def handle(self, addresses: list[str], **options):
        try:
            good, refused = invitations.parse(" ".join(addresses))
            site = site_of()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        except NoSiteError as error:
            raise CommandError(str(error)) from None
        invited = []
        for address, known in invitations.known_at(good).items():
            try:
                invited.append(invitations.invite(address, known))
            except ChangeRefusedError as error:
                refused.append(str(error))
        invitations.send_on_commit(invited, site)
        for user in invited:
            self.stdout.write(f"Invited {user}; a link is on its way.")
        if refused:
            raise CommandError(f"Not invited: {', '.join(refused)}.")

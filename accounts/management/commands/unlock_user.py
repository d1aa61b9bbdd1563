"""manage.py unlock_user NAME: for when no user can do it in the admin."""

from django.core.management import BaseCommand, CommandError
from django_fsm import TransitionNotAllowed

from accounts.locks import HeldError
from accounts.models import User, UserFSM


class Command(BaseCommand):
    help = "Unlock the account of a user who is locked."

    def add_arguments(self, parser):
        parser.add_argument("username")
        parser.add_argument("--reason", help="why, for the record")

    def handle(self, username: str, reason: str | None, **options):
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no user {username}.")
        try:
            with UserFSM.changing(user, reason=reason) as fsm:
                fsm.unlock()
        except HeldError as error:
            raise CommandError(f"Nothing was changed: {error}.") from None
        except TransitionNotAllowed:
            raise CommandError(f"{user} is {user.state}, not locked.") from None
        self.stdout.write(f"{user} is active again.")

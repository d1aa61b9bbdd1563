"""Only active users sign in, each guess is paid for, and a session is nobody's while its user
is not active."""

from asgiref.sync import sync_to_async
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from . import lockout
from .models import State, User
from .passwords import can_be_hashed


class ActiveStateBackend(ModelBackend):
    @sensitive_variables("password")
    def authenticate(
        self, request: HttpRequest | None, username=None, password=None, **kwargs
    ) -> User | None:
        """The user, if the password is his and he is active.

        Wrong, unknown, locked or out of guesses: each takes one hash, and says nothing more.
        """
        username = kwargs.get(User.USERNAME_FIELD) if username is None else username
        if not isinstance(username, str) or not isinstance(password, str):
            return None
        if request is not None and not lockout.charge_address(request):
            return None
        if not can_be_hashed(password):
            return None
        guess = lockout.charge(username, request)
        if guess.user is None:
            User().set_password(password)
        elif not guess.user.check_password(password):
            if guess.is_last:
                lockout.lock_out(guess, request)
        elif lockout.succeeded(guess, request) and self.user_can_authenticate(guess.user):
            return guess.user
        return None

    def user_can_authenticate(self, user: User) -> bool:
        return super().user_can_authenticate(user) and user.state == State.ACTIVE

    def get_user(self, user_id: int) -> User | None:
        """The user of a session, read anew with his state at every request."""
        user = User.objects.select_related("fsm").filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None

    # The state is a query of its own, for which Django's asynchronous forms leave no room.
    async def aget_user(self, user_id: int) -> User | None:
        return await sync_to_async(self.get_user)(user_id)

    async def aauthenticate(self, request, **credentials) -> User | None:
        return await sync_to_async(self.authenticate)(request, **credentials)

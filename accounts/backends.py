"""Only active users sign in, and a session is nobody's while its user is not active."""

from asgiref.sync import sync_to_async
from django.contrib.auth.backends import ModelBackend

from .models import State, User


class ActiveStateBackend(ModelBackend):
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

"""Django's sessions in the database, read where they are written: a replica may be behind, and a
link that was just opened or a sign-in would be lost."""

from asgiref.sync import sync_to_async
from django.contrib.sessions.backends import db
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import router
from django.utils import timezone


class SessionStore(db.SessionStore):
    def _get_session_from_db(self) -> AbstractBaseSession | None:
        sessions = self.model.objects.using(router.db_for_write(self.model))
        valid = sessions.filter(session_key=self.session_key, expire_date__gt=timezone.now())
        session = valid.first()
        if session is None:
            self._session_key = None
        return session

    async def _aget_session_from_db(self) -> AbstractBaseSession | None:
        return await sync_to_async(self._get_session_from_db)()

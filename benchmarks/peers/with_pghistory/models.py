"""What is recorded."""

import pghistory

from accounts.models import UserFSM


@pghistory.track(pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
class TrackedUserFSM(UserFSM):
    class Meta:
        proxy = True

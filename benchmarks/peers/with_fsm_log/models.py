"""Each transition takes ``by``, as the decorator asks of their author."""

from django_fsm_log.decorators import fsm_log_by

from accounts.models import UserFSM


def taking_by(transition):
    return fsm_log_by(lambda self, by=None: transition(self))


UserFSM.activate = taking_by(UserFSM.activate)
UserFSM.lock = taking_by(UserFSM.lock)
UserFSM.unlock = taking_by(UserFSM.unlock)
UserFSM.deactivate = taking_by(UserFSM.deactivate)

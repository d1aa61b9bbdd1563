from asking import Entry, RecordsSaves, name_of
from auditlog.context import set_actor
from auditlog.models import LogEntry
from django.contrib.contenttypes.models import ContentType

from accounts.models import UserFSM


class Asked(RecordsSaves):
    table = "auditlog_logentry"

    def entries(self, state_pk, user_pk):
        kind = ContentType.objects.get_for_model(UserFSM)
        rows = LogEntry.objects.filter(content_type=kind, object_id=state_pk).order_by("pk")
        return [Entry(state_of(row), name_of(row.actor), row.remote_addr) for row in rows]

    def page(self, fsm):
        return f"/admin/accounts/userfsm/{fsm.pk}/auditlog/"

    def job(self, fsm, actor, address):
        return set_actor(actor, remote_addr=address)


def state_of(row):
    return "deleted" if row.action == row.Action.DELETE else row.changes["current_state"][1]

import pghistory
from asking import Audit, Entry

from accounts.models import User

from .models import TrackedUserFSM


class Asked(Audit):
    table = "with_pghistory_trackeduserfsmevent"
    key = "pgh_id"

    def entries(self, state_pk, user_pk):
        events = TrackedUserFSM.pgh_event_model.objects.filter(pgh_obj=state_pk)
        return [entry_of(row) for row in events.order_by("pgh_id")]

    def page(self, fsm):
        return f"/admin/pghistory/events/?obj=accounts.UserFSM:{fsm.pk}&method=tracks"

    def job(self, fsm, actor, address):
        return pghistory.context(user=actor.pk, ip_address=address)


def entry_of(row):
    known = row.pgh_context.metadata if row.pgh_context else {}
    actor = User.objects.filter(pk=known.get("user")).values_list("username", flat=True).first()
    state = "deleted" if row.pgh_label == "delete" else row.current_state
    return Entry(state, actor, known.get("ip_address"))

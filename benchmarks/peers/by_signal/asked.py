from asking import Entry, RecordsSaves, name_of

from .models import StateChange


class Asked(RecordsSaves):
    table = "by_signal_statechange"

    def entries(self, state_pk, user_pk):
        rows = StateChange.objects.filter(user_id=user_pk).select_related("actor").order_by("pk")
        return [Entry(row.end_state, name_of(row.actor), row.ip_address) for row in rows]

    def page(self, fsm):
        return f"/admin/by_signal/statechange/?q={fsm.user_id}"

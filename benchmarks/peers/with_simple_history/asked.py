from contextlib import contextmanager

from asking import Entry, RecordsSaves, name_of
from simple_history.models import HistoricalRecords
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from accounts.models import UserFSM


class Asked(RecordsSaves):
    table = "with_simple_history_historicaluserfsm"
    key = "history_id"
    by = "`bulk_update_with_history()`"
    sample = 5_000
    own_calls = frozenset({"bulk_update", "bulk_create"})

    def entries(self, state_pk, user_pk):
        rows = UserFSM.history.filter(id=state_pk).order_by("history_id")
        return [Entry(state_of(row), name_of(row.history_user), row.ip_address) for row in rows]

    def page(self, fsm):
        return f"/admin/accounts/userfsm/{fsm.pk}/history/"

    @contextmanager
    def job(self, fsm, actor, address):
        fsm._history_user = actor
        yield

    def bulk_update(self, states, actor):
        known = who(actor) | {"batch_size": 1000}
        bulk_update_with_history(states, UserFSM, ["current_state"], **known)

    def bulk(self, state, actor):
        states = list(UserFSM.objects.order_by("pk")[: self.sample])
        for each in states:
            each.current_state = state
        self.bulk_update(states, actor)

    def bulk_create(self, states, actor):
        bulk_create_with_history(states, UserFSM, **who(actor))


def who(actor):
    address = HistoricalRecords.context.request.META["REMOTE_ADDR"]
    return {"default_user": actor, "custom_historical_attrs": {"ip_address": address}}


def state_of(row):
    return "deleted" if row.history_type == "-" else row.current_state

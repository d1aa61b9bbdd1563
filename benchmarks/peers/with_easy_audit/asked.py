import json
from contextlib import contextmanager

from asking import Entry, RecordsSaves, name_of
from easyaudit.middleware.easyaudit import clear_request, set_current_user
from easyaudit.models import CRUDEvent


class Asked(RecordsSaves):
    table = "easyaudit_crudevent"

    def entries(self, state_pk, user_pk):
        rows = CRUDEvent.objects.filter(object_id=str(state_pk)).order_by("pk")
        return [Entry(state_of(row), name_of(row.user)) for row in rows]

    def page(self, fsm):
        return f"/admin/accounts/userfsm/{fsm.pk}/crud_history/"

    @contextmanager
    def job(self, fsm, actor, address):
        set_current_user(actor)
        try:
            yield
        finally:
            clear_request()


def state_of(row):
    [saved] = json.loads(row.object_json_repr)
    return "deleted" if row.is_delete() else saved["fields"]["current_state"]

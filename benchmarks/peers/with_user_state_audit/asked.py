from asking import Audit, Entry

from audit.context import acting_as
from audit.models import UserStateAudit

NOBODY = "CLI"


class Asked(Audit):
    table = "user_state_audit"

    def entries(self, state_pk, user_pk):
        rows = UserStateAudit.objects.filter(user_id=user_pk).order_by("pk")
        return [entry_of(row) for row in rows]

    def page(self, fsm):
        return f"/admin/audit/userstateaudit/user/{fsm.user_id}/"

    def job(self, fsm, actor, address):
        return acting_as(actor, ip=address)


def entry_of(row):
    """Where the application claims nothing, what the server knows of the connection."""
    if row.initiated_by == NOBODY:
        return Entry(row.end_state, row.db_user, row.client_addr)
    return Entry(row.end_state, row.initiated_by, row.ip_address)

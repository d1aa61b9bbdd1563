from contextlib import contextmanager

import reversion
from asking import Entry, RecordsSaves, name_of
from reversion.models import Version

from accounts.models import UserFSM

from .models import RevisionAddress


class Asked(RecordsSaves):
    table = "reversion_version"

    def entries(self, state_pk, user_pk):
        rows = Version.objects.get_for_object_reference(UserFSM, state_pk).order_by("pk")
        return [entry_of(row) for row in rows]

    def page(self, fsm):
        return f"/admin/accounts/userfsm/{fsm.pk}/history/"

    @contextmanager
    def job(self, fsm, actor, address):
        with reversion.create_revision():
            reversion.set_user(actor)
            reversion.add_meta(RevisionAddress, ip_address=address)
            yield


def entry_of(row):
    address = getattr(row.revision, "revisionaddress", None)
    actor = name_of(row.revision.user)
    return Entry(row.field_dict["current_state"], actor, address and address.ip_address)

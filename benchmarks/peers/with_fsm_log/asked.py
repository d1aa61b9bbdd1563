from asking import Entry, RecordsSaves, name_of
from django.contrib.contenttypes.models import ContentType
from django_fsm_log.models import StateLog

from accounts.models import UserFSM


class Asked(RecordsSaves):
    table = "django_fsm_log_statelog"

    def entries(self, state_pk, user_pk):
        kind = ContentType.objects.get_for_model(UserFSM)
        rows = StateLog.objects.filter(content_type=kind, object_id=state_pk).order_by("pk")
        return [Entry(row.state, name_of(row.by)) for row in rows]

    def page(self, fsm):
        return f"/admin/accounts/userfsm/{fsm.pk}/change/"

    def run(self, transition, actor):
        transition(by=actor)

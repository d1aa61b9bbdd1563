"""The page of one entry: everything that it says, and what belongs to it; and its proof."""

import json
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import connections
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext

from audit.findings import CannotLookError
from audit.models import UserStateAudit

from ..access import page, refusal, render
from ..listing.filters import is_number, shown
from ..listing.positions import SLACK
from ..listing.rows import Row
from ..listing.selection import Selection
from ..people import called_today
from .proofs import cover_of, proof_of

OTHERS = 20  # of the transaction, and of the request, that are shown


class Others(NamedTuple):
    rows: list[Row]
    are_all: bool


@page
def entry_view(request: HttpRequest, entry_id: str) -> HttpResponse:
    entry = find(entry_id)
    if entry is None:
        return absent(request, entry_id)
    names = called_today(entry.user_id, entry.initiator_id)
    of_transaction = Q(transaction_id=entry.transaction_id)
    of_request = Q(request_id=entry.request_id, request_id__gt="")
    return render(
        request,
        "entry",
        title=gettext("Entry %s") % entry.pk,
        entry=entry,
        # An entry may be of any time: what is beside it is looked for over everything.
        selection=Selection(QueryDict("window=all"), datetime.now(UTC)),
        subject_today=names.get(entry.user_id),
        actor_today=names.get(entry.initiator_id or 0),
        of_transaction=others(entry, of_transaction),
        of_request=others(entry, of_request & ~of_transaction),
        cover=cover_of(connections[UserStateAudit.objects.db], entry),
    )


@page
def proof_view(request: HttpRequest, entry_id: str) -> HttpResponse:
    entry = find(entry_id)
    if entry is None:
        return absent(request, entry_id)
    try:
        proof = proof_of(entry)
    except CannotLookError as error:
        title = gettext("No proof of entry %s") % entry.pk
        return refusal(request, str(error), title=title, status=409)
    return HttpResponse(
        json.dumps(proof, indent=2) + "\n",
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="entry-{entry.pk}-proof.json"'},
    )


def find(entry_id: str) -> UserStateAudit | None:
    if not is_number(entry_id):
        return None
    return UserStateAudit.objects.filter(pk=int(entry_id)).first()


def absent(request: HttpRequest, entry_id: str) -> HttpResponse:
    sentence = gettext("The audit has no entry %(given)s.") % {"given": shown(entry_id)}
    return refusal(request, sentence, title=gettext("No such entry"), status=404)


def others(entry: UserStateAudit, condition: Q) -> Others:
    """Of a day before and after: a transaction of the same number on another server, before a
    restore, was something else."""
    near = Q(datetime__range=(entry.datetime - SLACK, entry.datetime + SLACK))
    found = UserStateAudit.objects.filter(condition, near).exclude(pk=entry.pk).order_by("pk")
    rows = [Row.of(each) for each in found[: OTHERS + 1]]
    return Others(rows[:OTHERS], len(rows) <= OTHERS)

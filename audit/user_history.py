"""What the audit says of a user, on their page in the admin: since when they are in their state, by
whom and why, and what was before."""

from datetime import UTC

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString

from accounts.admin import panels
from accounts.models import User

from .desk.access import may_see
from .desk.history.stays import stays_of
from .models import UserStateAudit

NEWEST = 10  # entries


@panels.register
def user_history(request: HttpRequest, user: User) -> SafeString:
    """For all who may see the states of users, account managers too."""
    if not request.user.has_perm("accounts.view_userfsm"):
        return SafeString()
    # One look at the index of (user_id, id); one more than is shown tells whether there are more.
    entries = list(UserStateAudit.objects.filter(user_id=user.pk).order_by("-id")[: NEWEST + 1])
    stays = stays_of(entries)
    newest = next((stay for stay in stays if stay.entry.is_change), None)
    context = {
        "stays": stays[:NEWEST],
        "since": newest if newest and newest.entry.end_state == user.state else None,
        "more": len(entries) > NEWEST,
        "may_see_audit": may_see(request),
        "subject": user,
    }
    with timezone.override(UTC):  # which is what the panel says
        return render_to_string("audit/user_history.html", context)

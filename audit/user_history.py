"""What the audit says of a user, on their page in the admin: since when they are in their state, by
whom and why, and what was before."""

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from accounts.admin import panels
from accounts.models import User

from .models import UserStateAudit

NEWEST = 10  # entries


@panels.register
def user_history(request: HttpRequest, user: User) -> SafeString:
    """For all who may see the states of users, account managers too."""
    if not request.user.has_perm("accounts.view_userfsm"):
        return SafeString()
    # One look at the index of (user_id, id); one more than is shown tells whether there are more.
    entries = list(UserStateAudit.objects.filter(user_id=user.pk).order_by("-id")[: NEWEST + 1])
    context = {
        "entries": entries[:NEWEST],
        "since": entries[0] if entries and entries[0].end_state == user.state else None,
        "more": len(entries) > NEWEST,
        "may_see_audit": request.user.has_perm("audit.view_userstateaudit"),
        "subject": user,
    }
    return render_to_string("audit/user_history.html", context)

"""The home page: who am I, my state, and how it came to be; and /readyz."""

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.db import connections, transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.generic import TemplateView

from accounts.databases import primary

from .models import UserStateAudit
from .readiness import not_ready

NEWEST = 50  # entries of one's own history
SHOWN = ("datetime", "start_state", "end_state", "initiated_by", "actor_digest")


class HomeView(LoginRequiredMixin, TemplateView):
    template_name = "audit/home.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        # When, what and by whom; not why: managers write that for each other.
        history = UserStateAudit.objects.filter(user_id=self.request.user.pk)  # type: ignore[misc] # signed in
        shown = history.order_by("-id").only(*SHOWN)
        return super().get_context_data(history=shown[:NEWEST], **kwargs)


@require_safe
@never_cache
@transaction.non_atomic_requests  # which would fail before it could say so
def readyz(request: HttpRequest) -> HttpResponse:
    """For load balancers: 200 while this site can serve and records every change, else 503."""
    reason = not_ready(connections[primary()])
    return HttpResponse(
        f"{reason or 'ready'}\n", status=503 if reason else 200, content_type="text/plain"
    )

"""What is done to many users runs in batches, and a page says what was done and what was not."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.db import router, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import ngettext

from .. import bulk
from ..models import User
from .base import BaseUserAdmin


class BulkKind(NamedTuple):
    """How one kind of action runs on many."""

    may: Callable[[HttpRequest], bool]
    run_batch: Callable[[HttpRequest, bulk.BulkAction], None]
    label: str  # of the button
    template: str  # of the page that says what was done


class BatchAdmin(BaseUserAdmin):
    def pages(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.bulk_view)
        return [path("bulk/<slug:key>/", view, name="accounts_user_bulk"), *super().pages()]

    def bulk_kinds(self) -> dict[str, BulkKind]:
        """By the name of the action. Each part of the admin adds its own."""
        return {}

    # Each user is changed in a transaction of its own: no lock is held for all of them.
    @transaction.non_atomic_requests
    def bulk_view(self, request: HttpRequest, key: str) -> HttpResponse:
        """GET shows what was done and what was not; POST runs the next batch."""
        action = bulk.load(request.session, key)
        if action is None:
            raise Http404
        kind = self.bulk_kinds()[action.name]
        if not kind.may(request):
            raise PermissionDenied
        if request.method == "POST":
            return self.go_on(request, action, key)
        context = {
            **self.admin_site.each_context(request),
            "title": ngettext("%(action)s user", "%(action)s users", action.total)
            % {"action": kind.label},
            "opts": self.opts,
            "action": action,
            "label": kind.label,
            "stopped": "stopped" in request.GET,
        }
        return TemplateResponse(request, f"admin/accounts/user/{kind.template}.html", context)

    def go_on(self, request, action: bulk.BulkAction, key: str | None = None) -> HttpResponse:
        """Run a batch, the first one included."""
        self.bulk_kinds()[action.name].run_batch(request, action)
        key = bulk.save(request.session, action, key)
        return HttpResponseRedirect(reverse("admin:accounts_user_bulk", args=[key]))

    def was_done(self, request, action: bulk.BulkAction, users: Iterable[User], note: str) -> bool:
        """Whether a batch that was broken off has changed one of the users: the log is written
        with the change, in one transaction, and the session only at the end of a batch."""
        entries = LogEntry.objects.using(router.db_for_write(LogEntry))
        return entries.filter(
            user=request.user,
            object_id__in=[user.pk for user in users],
            content_type__app_label=User._meta.app_label,
            content_type__model=User._meta.model_name,
            action_time__gte=action.started,
            change_message__startswith=note,
        ).exists()

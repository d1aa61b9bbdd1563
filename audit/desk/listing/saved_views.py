"""Views of the list that a supervisor names, and shares by their link."""

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext

from accounts.databases import primary
from audit.models import SavedView

from ..access import LIST, action, page, refusal
from .positions import POSITION
from .selection import Selection

AT_MOST = 100  # views: they are all listed beside the filters


class SavedViewForm(forms.ModelForm):  # type: ignore[type-arg] # not generic at run time
    class Meta:
        model = SavedView
        fields = ("name", "query")

    query = forms.CharField(max_length=2000, required=False)

    def clean_query(self) -> str:
        """As Selection writes it; without the position in the list."""
        selection = selected(self.cleaned_data["query"])
        if selection.problems:
            raise ValidationError(selection.problems)
        return selection.query()

    def clean(self) -> dict[str, Any] | None:
        if SavedView.objects.count() >= AT_MOST:
            raise ValidationError(
                gettext("There are %s saved views: remove one that is not needed.") % AT_MOST
            )
        return super().clean()


def selected(query: str) -> Selection:
    return Selection(QueryDict(query.removeprefix("?")), datetime.now(UTC), *POSITION)


@action
def save_view(request: HttpRequest) -> HttpResponseBase:
    form = SavedViewForm(request.POST, instance=SavedView(owner_id=request.user.pk))
    if not saved(form):
        return refusal(request, *(str(each) for errors in form.errors.values() for each in errors))
    messages.success(request, gettext("The view “%s” is saved.") % form.instance.name)
    return redirect("admin:audit_saved_view", form.instance.pk)


def saved(form: SavedViewForm) -> bool:
    """Or the form has errors. Another view of that name may be saved after it was looked for."""
    try:
        with transaction.atomic(using=primary()):
            return form.is_valid() and bool(form.save())
    except IntegrityError:
        form.add_error("name", form.instance.unique_error_message(SavedView, ("name",)))
        return False


@page
def saved_view(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Only what the list asks for is handed on; what it does not understand any more, it says."""
    view = get_object_or_404(SavedView, pk=pk)
    return redirect(reverse(LIST) + selected(view.query).query())


@action
def remove_view(request: HttpRequest, pk: int) -> HttpResponseBase:
    view = get_object_or_404(SavedView, pk=pk)
    if not may_remove(request, view):
        raise PermissionDenied
    view.delete()
    messages.success(request, gettext("The view “%s” is removed.") % view.name)
    return redirect(LIST)


def may_remove(request: HttpRequest, view: SavedView) -> bool:
    user = request.user
    return bool(user.pk == view.owner_id or getattr(user, "is_superuser", False))

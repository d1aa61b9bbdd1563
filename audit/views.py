"""The home page: who am I, my state, and how it came to be."""

from django.contrib.auth.mixins import LoginRequiredMixin
from django.views.generic import TemplateView

from .models import UserStateAudit

NEWEST = 50  # lines of one's own history


class HomeView(LoginRequiredMixin, TemplateView):
    template_name = "audit/home.html"

    def get_context_data(self, **kwargs) -> dict:
        # When, what and by whom; not why: managers write that for each other.
        history = UserStateAudit.objects.filter(user_id=self.request.user.pk).order_by("-id")
        shown = history.only("datetime", "start_state", "end_state", "initiated_by")
        return super().get_context_data(history=shown[:NEWEST], **kwargs)

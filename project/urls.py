"""The pages: home, those of the accounts, the admin."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path, reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.views.generic import RedirectView

from accounts.urls import sign_in
from audit.views import HomeView, readyz

admin.site.site_header = admin.site.site_title = _("User state audit")
admin.site.enable_nav_sidebar = False  # there are three lists; the tables need its place

urlpatterns = [
    path("", HomeView.as_view(), name="home"),
    path("accounts/", include("accounts.urls")),
    # The admin has the same pages to sign in and to change a password.
    path("admin/login/", sign_in),
    path("admin/password_change/", RedirectView.as_view(url=reverse_lazy("password_change"))),
    path("admin/", admin.site.urls),
    path("readyz", readyz),
    path("favicon.ico", RedirectView.as_view(url=static("accounts/icon.svg"))),
]

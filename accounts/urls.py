"""The URLs of Django's pages for accounts, with its names, and of our own."""

from django.contrib.auth import urls as django_urls
from django.db import transaction
from django.urls import include, path

from . import views

# An attempt is counted and committed at once, and no lock is held while a password is hashed.
sign_in = transaction.non_atomic_requests(views.SignInView.as_view())
change = transaction.non_atomic_requests(views.PasswordChangeView.as_view())

urlpatterns = [
    path("login/", sign_in, name="login"),
    path("password_change/", change, name="password_change"),
    path("password_reset/", views.PasswordResetView.as_view(), name="password_reset"),
    path(
        "reset/<uidb64>/<token>/",
        views.ChoosePasswordView.as_view(),
        name="password_reset_confirm",
    ),
    path("invitation/", views.InvitationRequestView.as_view(), name="invitation_request"),
    path("invitation/<uidb64>/<token>/", views.InvitationView.as_view(), name="invitation"),
    path("unlock/<uidb64>/<token>/", views.UnlockView.as_view(), name="unlock"),
    path("", include(django_urls)),
]

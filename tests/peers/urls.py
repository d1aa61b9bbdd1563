"""The site's URLs, and those of what stands beside it."""

from django.contrib.auth.decorators import login_required
from django.urls import include, path

from project.urls import urlpatterns as projects

from . import views

urlpatterns = [
    *projects,
    path("lock", views.lock_bob),
    path("every/way", views.change_in_every_way),
    path("members/lock", login_required(views.lock_bob)),
    path("note", views.note),
    path("slowly/<username>", views.change_slowly),
    path("slowly/async/<username>", views.change_slowly_async),
    path("api/session", views.by_session),
    path("api/basic", views.by_basic),
    path("api/token", views.by_token),
    path("api/jwt", views.by_jwt),
    path("hijack/", include("hijack.urls")),
    path("__debug__/", include("debug_toolbar.urls")),
]

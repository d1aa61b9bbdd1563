"""The pages that a benchmark's requests go to: each writes a state in one of the ways."""

from django.contrib import admin
from django.contrib.auth import authenticate, login
from django.http import HttpResponse
from django.urls import include, path
from rest_framework.authentication import TokenAuthentication
from rest_framework.decorators import api_view, authentication_classes
from ways import WAYS, lock

from accounts.models import User


def change(request, way, pk):
    WAYS[way](User.objects.get(pk=pk), request.user)
    return HttpResponse()


def sign_in(request, pk):
    """By somebody who is nobody until the middle of the request."""
    user = authenticate(request, username=request.POST["username"], password=request.POST["word"])
    login(request, user)
    lock(User.objects.get(pk=pk), request.user)
    return HttpResponse()


@api_view(["POST"])
@authentication_classes([TokenAuthentication])
def token(request, pk):
    lock(User.objects.get(pk=pk), request.user)
    return HttpResponse()


urlpatterns = [
    path("", change, name="home"),  # which pages of the accounts lead to
    path("accounts/", include("accounts.urls")),
    path("admin/", admin.site.urls),
    path("token/<int:pk>/", token),
    path("sign_in/<int:pk>/", sign_in),
    path("<str:way>/<int:pk>/", change),
]

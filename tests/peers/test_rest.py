"""Django REST framework: whoever it finds out is recorded, and nobody who is not active gets in."""

from base64 import b64encode

import pytest
from django.test import Client
from rest_framework.authtoken.models import Token
from rest_framework_simplejwt.tokens import AccessToken

from accounts.models import User, UserFSM

from .peers import ADDRESS, JWT, REST_BASIC, REST_SESSION, REST_TOKEN


def basic(user: User) -> str:
    return "Basic " + b64encode(f"{user.username}:{user.username}".encode()).decode()


def token(user: User) -> str:
    return f"Token {Token.objects.create(user=user).key}"


def jwt(user: User) -> str:
    return f"Bearer {AccessToken.for_user(user)}"


DOORS = pytest.mark.parametrize(
    ("peer", "door", "credentials"),
    [
        (REST_BASIC, "basic", basic),
        (REST_TOKEN, "token", token),
        (JWT, "jwt", jwt),
    ],
)


@pytest.mark.parametrize(
    ("peer", "door", "credentials"),
    [(REST_BASIC, "basic", basic), (REST_TOKEN, "token", token), (JWT, "jwt", jwt)],
)
def test_whoever_it_finds_out_is_recorded(alice, bob, trail, peer, door, credentials):
    headers = {"HTTP_AUTHORIZATION": credentials(alice)}

    answer = Client(REMOTE_ADDR=ADDRESS).post(f"/api/{door}", **headers)

    assert answer.status_code == 200
    peer.recorded_in(trail)


def test_the_user_of_a_session_is_recorded(client, trail):
    assert client.post("/api/session").status_code == 200

    REST_SESSION.recorded_in(trail)


@DOORS
def test_nobody_who_is_deactivated_gets_in(alice, bob, trail, peer, door, credentials):
    headers = {"HTTP_AUTHORIZATION": credentials(alice)}
    UserFSM.objects.filter(user=alice).update(current_state="deactivated")
    trail.forget()

    assert Client().post(f"/api/{door}", **headers).status_code == 401

    assert trail.entries() == []


def test_nor_by_a_session(alice, client, trail):
    UserFSM.objects.filter(user=alice).update(current_state="deactivated")
    trail.forget()

    assert client.post("/api/session").status_code == 401

    assert trail.entries() == []

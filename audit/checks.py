"""System checks: what is wrong, and what mends it."""

import re
from collections.abc import Sequence
from inspect import iscoroutinefunction
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.utils.module_loading import import_string

from accounts.client_address import networks

from .expectation import EXPECTED, load
from .findings import CannotLookError
from .readiness import newest_migration
from .sqlfiles import SQL_DIR
from .transitions import machine_states, transitions

BODY = re.compile(r"as \$function\$(.*?)\$function\$", re.DOTALL)
RESERVED = {"", "new", "deleted"}
REGENERATE = (
    "Run manage.py expect_audit, after makemigrations audit --empty where the newest migration is"
    " deployed, and commit what they write."
)


def check_expectation(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """audit.W001: sql/ or the machine was changed, and not what is expected of a database."""
    try:
        expected = load()
    except CannotLookError as error:
        return [Warning(str(error), hint=REGENERATE, id="audit.W001")]
    definitions = ["\n".join(d) for d in expected["objects"].values() if isinstance(d, list)]
    edited = [
        path.name
        for path in sorted(SQL_DIR.glob("install/*.sql"))
        for body in BODY.findall(path.read_text("utf-8"))
        if not any(body in definition for definition in definitions)
    ]
    if {tuple(each) for each in expected["transitions"]} != set(transitions()):
        edited.append("the state machine")
    if expected["migration"] != newest_migration():
        edited.append(f"audit.{newest_migration()}")
    return [
        Warning(
            f"{EXPECTED.name} does not know what {name} makes now.",
            hint=REGENERATE,
            id="audit.W001",
        )
        for name in edited
    ]


def check_states(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """audit.E002: a state has a name that the audit has for users without one."""
    return [
        Error(
            f"No state may be called {state!r}: the audit says so of users without a state.",
            hint="Call it otherwise: the database refuses it.",
            id="audit.E002",
        )
        for state in sorted(machine_states() & RESERVED)
    ]


def check_trusted_proxies(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """audit.E001: a word in TRUSTED_PROXIES is no address and no network."""
    found: list[CheckMessage] = []
    for word in settings.TRUSTED_PROXIES:
        try:
            networks((word,))
        except ValueError:
            hint = "Write addresses or networks, such as 10.0.0.1 or 10.0.0.0/8."
            text = f"TRUSTED_PROXIES: {word!r} is no address and no network."
            found.append(Error(text, hint=hint, id="audit.E001"))
    return found


def check_actor(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """audit.E003: AUDIT_ACTOR is no path to a function, which a statement can ask at once."""
    path = getattr(settings, "AUDIT_ACTOR", None)
    try:
        hook = path and import_string(path)
        if path is None or (callable(hook) and not iscoroutinefunction(hook)):
            return []
    except (ImportError, AttributeError, TypeError):
        pass
    hint = "Write where it is, such as 'site.actors.actor_of', or leave the setting out."
    return [Error(f"AUDIT_ACTOR: {path!r} is no function.", hint=hint, id="audit.E003")]

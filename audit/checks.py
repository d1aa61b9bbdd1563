"""System checks: what is wrong, and the line that mends it."""

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.db.migrations.loader import MigrationLoader

from accounts.client_address import networks

from .sqlfiles import SQL_DIR, SQLFile, digest


def check_sql_files(app_configs, **kwargs) -> list[CheckMessage]:
    """audit.W001: a file in sql/ is not what the newest migration that names it brings."""
    loader = MigrationLoader(None, load=False)
    loader.load_disk()
    installed = {
        operation.name: operation.digest
        for _, migration in sorted(loader.disk_migrations.items())
        for operation in migration.operations
        if isinstance(operation, SQLFile)
    }
    present = {path.name: digest(path.read_text("utf-8")) for path in SQL_DIR.glob("*.sql")}
    return [
        Warning(
            f"sql/{name} differs from what the migrations install.",
            hint=f'Add a migration with SQLFile("{name}", "{present[name]}").'
            if name in present
            else "Put the file back: a database may still need it.",
            id="audit.W001",
        )
        for name in sorted(present | installed)
        if installed.get(name) != present.get(name)
    ]


def check_trusted_proxies(app_configs, **kwargs) -> list[CheckMessage]:
    """audit.E001: a word in TRUSTED_PROXIES is no address and no network."""
    found = []
    for word in settings.TRUSTED_PROXIES:
        try:
            networks((word,))
        except ValueError:
            hint = "Write addresses or networks, such as 10.0.0.1 or 10.0.0.0/8."
            text = f"TRUSTED_PROXIES: {word!r} is no address and no network."
            found.append(Error(text, hint=hint, id="audit.E001"))
    return found

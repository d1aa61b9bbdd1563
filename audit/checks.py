"""System checks: what is wrong, and the line that mends it."""

from django.core.checks import CheckMessage, Warning
from django.db.migrations.loader import MigrationLoader

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

"""What the audit's migrations are made of: files of sql/, sent to PostgreSQL or shown."""

from collections.abc import Callable
from typing import Any

from django.core.management.base import OutputWrapper
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from .sqlfiles import text_of


class SqlOperation(Operation):
    """Going back does nothing: history is not undone."""

    reduces_to_sql = True
    reversible = True
    tell: Callable[..., object] | None = None  # where migrate prints, when it does

    @staticmethod
    def listen(verbosity: int, stdout: OutputWrapper | None = None, **kwargs: Any) -> None:
        """Receiver of pre_migrate, which alone knows how much migrate is to print, and where."""
        SqlOperation.tell = stdout.write if stdout and verbosity else None

    @staticmethod
    def files() -> list[str]:
        """Those that sqlmigrate shows."""
        raise NotImplementedError

    def run(self, connection: BaseDatabaseWrapper) -> None:
        raise NotImplementedError

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        pass

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if schema_editor.collect_sql:
            for name in self.files():
                schema_editor.execute(text_of(name), params=None)
        else:
            self.run(schema_editor.connection)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        pass

    def report(self, text: str) -> None:
        if self.tell:
            self.tell(f"\n    {text}", ending="")

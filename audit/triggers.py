"""The pgtrigger side of sql/install/32_record_user_state.sql: which events run it.

pgtrigger's own function is never made. It begins by asking the setting pgtrigger.ignore,
with which any session could silence the audit, and it runs with the rights of the writer.
"""

import pgtrigger
from django.db.models import Model
from pgtrigger import compiler


class AlwaysTriggerSQL(compiler.UpsertTriggerSql):
    """Creates the trigger ENABLE ALWAYS: otherwise session_replication_role = replica skips it.

    Migrations refer to this template: never edit it, add another class instead.
    """

    def get_template(self) -> str:
        return """
            DROP TRIGGER IF EXISTS {pgid} ON {table};
            CREATE TRIGGER {pgid}
                {when} {operation} ON {table}
                {referencing}
                FOR EACH {level}
                EXECUTE FUNCTION {execute};
            ALTER TABLE {table} ENABLE ALWAYS TRIGGER {pgid};
            COMMENT ON TRIGGER {pgid} ON {table} IS '{hash}';
        """


class AlwaysTrigger(compiler.Trigger):
    """The compiled form of a RecordTrigger; ``pgtrigger enable`` keeps it ENABLE ALWAYS."""

    @property
    def enable_sql(self) -> str:
        return super().enable_sql.replace("ENABLE TRIGGER", "ENABLE ALWAYS TRIGGER")


class RecordTrigger(pgtrigger.Trigger):
    """Runs record_user_state() for one kind of statement, once for all of its rows."""

    level = pgtrigger.Statement

    def get_func(self, model: Model) -> str:
        return ""  # the function stands in sql/

    def render_execute(self, model: Model) -> str:
        return "public.record_user_state()"

    def compile(self, model: Model) -> AlwaysTrigger:
        sql = super().compile(model).sql
        return AlwaysTrigger(name=self.name, sql=AlwaysTriggerSQL(**sql.kwargs))

    def get_installation_status(
        self, model: Model, database: str | None = None
    ) -> tuple[str, bool | None]:
        """As pgtrigger's, but enabled means ENABLE ALWAYS: pgtrigger knows only plain ENABLE."""
        status, enabled = super().get_installation_status(model, database=database)
        if enabled is not None:
            enabled = self.is_always(model, database)
        return status, enabled

    def is_always(self, model: Model, database: str | None = None) -> bool:
        sql = f"""
            select tgenabled = 'A' from pg_catalog.pg_trigger
             where tgname = '{self.get_pgid(model)}'
               and tgrelid = '{model._meta.db_table}'::regclass
        """  # noqa: S608 - both names are ours
        found = self.exec_sql(sql, model, database=database, fetchall=True)
        return bool(found == [(True,)])


def record_triggers() -> list[RecordTrigger]:
    """One trigger each for INSERT, UPDATE, DELETE and TRUNCATE.

    Never ``UPDATE OF current_state``: a BEFORE trigger may change the state although the
    statement does not name it.
    """
    old, new, after = "old_rows", "new_rows", pgtrigger.After
    return [
        RecordTrigger(
            name="record_insert",
            when=after,
            operation=pgtrigger.Insert,
            referencing=pgtrigger.Referencing(new=new),
        ),
        RecordTrigger(
            name="record_update",
            when=after,
            operation=pgtrigger.Update,
            referencing=pgtrigger.Referencing(old=old, new=new),
        ),
        RecordTrigger(
            name="record_delete",
            when=after,
            operation=pgtrigger.Delete,
            referencing=pgtrigger.Referencing(old=old),
        ),
        RecordTrigger(name="record_truncate", when=pgtrigger.Before, operation=pgtrigger.Truncate),
    ]

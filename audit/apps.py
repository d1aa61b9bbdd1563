"""Wires the app up."""

from django.apps import AppConfig
from django.core.checks import register
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "audit"
    verbose_name = _("User state audit")

    def ready(self) -> None:
        from .actor import mark_lookups
        from .checks import check_actor, check_expectation, check_states, check_trusted_proxies
        from .cursor import install
        from .deploy_checks import check_deployment
        from .migrate import after_migrate
        from .operations import SqlOperation

        register(check_actor, "audit")
        register(check_expectation, "audit")
        register(check_states, "audit")
        register(check_trusted_proxies, "audit")
        register(check_deployment, "audit", deploy=True)
        install()
        mark_lookups()
        pre_migrate.connect(SqlOperation.listen, sender=self)
        post_migrate.connect(after_migrate, sender=self)

"""Wires the app up."""

from django.apps import AppConfig
from django.core.checks import register
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self):
        from .checks import check_site
        from .databases import read_committed
        from .groups import create_account_managers

        register(check_site, "accounts")
        connection_created.connect(read_committed)
        post_migrate.connect(create_account_managers, sender=self)

"""Wires the app up."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self):
        from .groups import create_account_managers

        post_migrate.connect(create_account_managers, sender=self)

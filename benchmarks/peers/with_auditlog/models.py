"""What is recorded."""

from auditlog.registry import auditlog

from accounts.models import UserFSM

auditlog.register(UserFSM)

"""What is recorded, and what is kept of a revision besides."""

import reversion
from django.db import models
from reversion.models import Revision

from accounts.models import UserFSM


class RevisionAddress(models.Model):
    revision = models.OneToOneField(Revision, models.CASCADE)
    ip_address = models.GenericIPAddressField(null=True)


reversion.register(UserFSM)

"""django-pghistory, a trigger for each statement."""

import pgtrigger
from with_pghistory.settings import *  # noqa: F403

PGHISTORY_LEVEL = pgtrigger.Statement

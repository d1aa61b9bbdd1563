"""A model whose changes django-pghistory keeps."""

import pghistory
from django.db import models


@pghistory.track(pghistory.InsertEvent())
class Note(models.Model):
    text = models.TextField()

    def __str__(self):
        return self.text

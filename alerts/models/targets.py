"""Within which time alerts are to be closed, and which of them went past it."""

from django.db import models

from alerts.models.alert import Alert
from alerts.models.words import Severity


class Target(models.Model):
    """Within which time an alert of a severity is to be closed. Changes are in the record (object type "target")."""

    severity = models.PositiveSmallIntegerField(primary_key=True, choices=Severity.choices)
    within = models.DurationField()
    version = models.PositiveIntegerField(default=1)


class ToldPastTarget(models.Model):
    """That an alert went past its target was told; `due_at` says which crossing, as targets are changed."""

    alert = models.OneToOneField(Alert, primary_key=True, on_delete=models.CASCADE, related_name="+")
    due_at = models.DateTimeField()

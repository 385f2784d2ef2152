"""The parts that requests and answers about alerts share."""

from typing import Any

from rest_framework import serializers

from alerts.errors import (
    AlertError,
    AlertNotFound,
    AlreadyExcepted,
    GuardRefused,
    NothingToUndo,
    StaleAlert,
    TooLate,
    UndoNotWhole,
)
from alerts.models import Severity
from soc.web.api.errors import register
from soc.web.api.inputs import Id, Strict

SEVERITIES = {severity.label: severity.value for severity in reversed(Severity)}

register(
    {
        AlertError: (422, "refused"),
        AlertNotFound: (404, "not_found"),
        StaleAlert: (409, "stale"),
        TooLate: (409, "too_late"),
        NothingToUndo: (409, "nothing_to_undo"),
        UndoNotWhole: (409, "undo_not_whole"),
        AlreadyExcepted: (409, "already_there"),
        GuardRefused: (422, "guard_refused"),
    }
)


class SeverityName(serializers.ChoiceField):
    """A severity by its name; stored as a number so that lists sort by it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=list(SEVERITIES), **kwargs)

    def to_representation(self, value: Any) -> Any:
        """The name of the number."""
        return Severity(value).label

    def to_internal_value(self, data: Any) -> Any:
        """The number of the name."""
        return SEVERITIES[super().to_internal_value(data)]


class Seen(Strict):
    """An alert as the caller saw it; a version that has moved on refuses the whole act (409)."""

    id = Id()
    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)

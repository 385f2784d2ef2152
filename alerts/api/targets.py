"""Within which time alerts are to be closed, by severity."""

from datetime import timedelta
from typing import Any

from rest_framework import serializers

from accounts.api.view import ApiView, operation
from accounts.roles import Permission
from accounts.scopes import Scope
from alerts import targets
from alerts.api import inputs
from alerts.api.answers import Answer
from alerts.api.parts import SEVERITIES, SeverityName
from alerts.errors import StaleTarget
from alerts.models import Target
from soc.web.api.errors import not_found, register

register({StaleTarget: (409, "stale")})


class TargetAnswer(Answer):
    """A target."""

    severity = SeverityName()
    seconds = serializers.SerializerMethodField()
    version = serializers.IntegerField()

    def get_seconds(self, target: Target) -> int:
        """How long an alert may be open."""
        return int(target.within.total_seconds())


class TargetsAnswer(Answer):
    """The targets."""

    items = TargetAnswer(many=True)


class TargetsView(ApiView):
    """All targets."""

    @operation(
        "targets_list", "Within which time alerts are to be closed", scope=Scope.ALERTS_READ, answer=TargetsAnswer
    )
    def get(self) -> dict[str, Any]:
        """By severity, the worst first."""
        return {"items": Target.objects.order_by("-severity")}


class TargetView(ApiView):
    """One target."""

    @operation(
        "target_set",
        "Set the target of a severity",
        scope=Scope.ALERTS_WRITE,
        may_who=Permission.SET_TARGETS,
        body=inputs.TargetBody,
        answer=TargetAnswer,
        errors=(404, 409),
    )
    def put(self, severity: str) -> Target:
        """Alerts that are past the new one are told of once."""
        number = SEVERITIES.get(severity)
        if number is None:
            raise not_found("There is no such severity.")
        within = timedelta(seconds=self.body["seconds"])
        targets.set_targets(values={number: within}, versions={number: self.body["version"]}, **self.acting)
        return Target.objects.get(pk=number)

"""Exceptions out of and into files, as Kibana writes them."""

from typing import Any

from django.http import HttpResponse
from rest_framework import serializers

from accounts.api.view import ApiView, operation
from accounts.roles import Permission
from accounts.scopes import Scope
from alerts.api.answers import Answer
from alerts.exceptions import files
from alerts.exceptions.files import MOST_BYTES, Sent, Taken
from rules.errors import ImportRefused
from soc.web.api.errors import register
from soc.web.api.inputs import Id, Strict, Whole

READ, WRITE = Scope.RULES_READ, Scope.EXCEPTIONS_WRITE
MOST_CHOSEN = 1_000

register({ImportRefused: (422, "invalid")})


class ExportQuery(Strict):
    """Which exceptions; all of the rules one sees without either."""

    rule = serializers.CharField(max_length=64, required=False, default="", help_text="Those of this rule.")
    id = serializers.ListField(
        child=Id(), max_length=MOST_CHOSEN, required=False, default=list, help_text="Those of these numbers; repeat it."
    )


class ImportBody(Strict):
    """An export."""

    ndjson = serializers.CharField(
        max_length=MOST_BYTES, trim_whitespace=False, help_text="Its lines. A request holds up to a megabyte."
    )
    dry_run = Whole(required=False, default=False, help_text="Only tell what would become of each.")
    override_guard_reason = serializers.CharField(
        max_length=2_000,
        required=False,
        default="",
        allow_blank=True,
        help_text="Import also those that would have hidden a true positive.",
    )


class LineAnswer(Answer):
    """What becomes of one exception on one rule, or of another line."""

    path = serializers.CharField(help_text="The line it stands in.")
    status = serializers.CharField(help_text="new, changed, unchanged, kept, unsupported (kept off), skipped or error.")
    kind = serializers.CharField()
    id = serializers.CharField()
    name = serializers.CharField()
    message = serializers.CharField(help_text="Why.")


class ImportAnswer(Answer):
    """What an import did, or would do."""

    dry_run = serializers.BooleanField(source="report.dry_run")
    new = serializers.IntegerField()
    changed = serializers.IntegerField()
    guarded = serializers.IntegerField(help_text="Of the refused, those that would have hidden a true positive.")
    raised = serializers.IntegerField(help_text="Held-back events that are alerts now.")
    undo = serializers.UUIDField(
        source="group",
        allow_null=True,
        help_text="Post it to alerts/undo within ten minutes: new exceptions go, changed ones change back, lists stay.",
    )
    lines = LineAnswer(source="report.lines", many=True)


class ExportView(ApiView):
    """Exceptions out."""

    @operation(
        "exceptions_export",
        "Exceptions with their lists, in Kibana's NDJSON",
        scope=READ,
        query=ExportQuery,
        answer=None,
        media_type="application/x-ndjson",
        errors=(422,),
    )
    def get(self) -> HttpResponse:
        """Of a rule, of some, or of all; one of a shared list with its copies on other rules."""
        chosen = self.query["id"] or None
        lines = files.export(user=self.user, rule=self.query["rule"], items=chosen)
        return HttpResponse(b"".join(lines), content_type="application/x-ndjson")


class ImportView(ApiView):
    """Exceptions in."""

    @operation(
        "exceptions_import",
        "Import exceptions from an export",
        scope=WRITE,
        may_who=Permission.MANAGE_RULES,
        body=ImportBody,
        answer=ImportAnswer,
        errors=(409,),
        description="What would have hidden a true positive is refused and told, unless a reason is given; the rest is "
        "imported. Importing the same again changes nothing.",
    )
    def post(self) -> Taken:
        """All in one act; with `dry_run` nothing is stored."""
        said: dict[str, Any] = self.body
        sent = Sent(said["ndjson"].encode(), "line.ndjson")
        if said["dry_run"]:
            return files.look(sent=sent, actor=self.user, now=self.now, team_ids=self.teams)
        reason = said["override_guard_reason"]
        return files.take(sent=sent, seen=None, override_guard_reason=reason, **self.acting_in_teams)

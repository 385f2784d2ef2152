"""Exceptions that wait for a second pair of eyes: sent for review, approved, returned, withdrawn."""

from typing import Any

from accounts.access import may
from accounts.api.view import ApiView, operation
from accounts.roles import Permission
from accounts.scopes import Scope
from alerts.api import exception_parts as parts
from alerts.api.exceptions import item_of, written_on
from alerts.errors import ChangeWaits, DraftNotFound, OutdatedDraft, OwnDraft, ReviewNeeded, StaleDraft
from alerts.exceptions import draft_change, drafts
from alerts.models import ExceptionDraft
from soc.web.api.errors import register
from soc.web.api.pages import after_of, page_of
from soc.web.paging import cut

READ, WRITE = Scope.RULES_READ, Scope.EXCEPTIONS_WRITE
EXCEPT, REVIEW = Permission.EXCEPT, Permission.REVIEW_EXCEPTIONS
SALT = "api.drafts"

register(
    {
        ReviewNeeded: (403, "review_needed"),
        DraftNotFound: (404, "not_found"),
        StaleDraft: (409, "stale"),
        OutdatedDraft: (409, "outdated"),
        ChangeWaits: (409, "already_there"),
        OwnDraft: (409, "own_draft"),
    }
)


class DraftsView(ApiView):
    """Drafts."""

    @operation(
        "drafts_list",
        "Exceptions under review, newest first",
        scope=READ,
        may_who=EXCEPT,
        query=parts.DraftQuery,
        answer=parts.DraftsAnswer,
        description="A reviewer sees those of his teams, everybody else his own.",
    )
    def get(self) -> dict[str, Any]:
        """A page of drafts. One query."""
        limit, after = self.query["limit"], after_of(self.query["after"], SALT)
        found = ExceptionDraft.objects.filter(team_id__in=self.teams).select_related("author", "reviewer")
        if not may(self.user, REVIEW):
            found = found.filter(author=self.user)
        if self.query.get("state"):
            found = found.filter(state__in=sorted(self.query["state"]))
        if after.values is not None:
            found = found.filter(pk__lt=after.values[0])
        page = cut(list(found.order_by("-pk")[: limit + 1]), limit, lambda row: (row.pk,), SALT)
        return page_of(page.items, page.next_key)


class DraftView(ApiView):
    """One draft."""

    @operation("draft_get", "One draft", scope=READ, may_who=EXCEPT, answer=parts.DraftAnswer, errors=(404,))
    def get(self, draft_id: int) -> ExceptionDraft:
        """As it was sent, or as it was settled."""
        return drafts.draft_of(self.user, draft_id, self.teams)


class AlertDraftsView(ApiView):
    """Drafts written on one alert."""

    @operation(
        "draft_write",
        "Send an exception on the alert's rule for review",
        scope=WRITE,
        may_who=EXCEPT,
        body=parts.DraftBody,
        answer=parts.DraftAnswer,
        status=201,
        errors=(404, 409),
    )
    def post(self, alert_id: int) -> ExceptionDraft:
        """It takes no event out of anything until somebody else approves it."""
        return drafts.draft(**written_on(self, alert_id), **self.acting_in_teams)


class ItemDraftsView(ApiView):
    """Drafts of changes of one exception."""

    @operation(
        "draft_change",
        "Send a change of an exception for review",
        scope=WRITE,
        may_who=EXCEPT,
        body=parts.DraftChangeBody,
        answer=parts.DraftAnswer,
        status=201,
        errors=(404, 409),
    )
    def post(self, item_id: int) -> ExceptionDraft:
        """The exception stays as it is until somebody else approves it."""
        item, said = item_of(self, item_id), dict(self.body)
        expires_at = parts.ending(self.user, said["expires_at"], self.now, item.expires_at)
        said |= {"expires_at": expires_at, "review_at": parts.looked_at_again(expires_at, self.now)}
        said["name"] = said["name"] or item.name
        return draft_change(item=item, **said, **self.acting_in_teams)


class ApproveView(ApiView):
    """Approval."""

    @operation(
        "draft_approve",
        "Put a draft in force",
        scope=WRITE,
        may_who=REVIEW,
        body=parts.ApproveBody,
        answer=parts.ApprovedAnswer,
        errors=(404, 409),
        description="A change whose exception was changed or removed since is refused: 409, `outdated`.",
    )
    def post(self, draft_id: int) -> Any:
        """Of somebody else; the guard looks anew. Of a change what it no longer covers is raised."""
        return drafts.approve(draft_id=draft_id, **self.body, **self.acting_in_teams)


class ReturnView(ApiView):
    """A wish."""

    @operation(
        "draft_return",
        "Ask for a change of a draft",
        scope=WRITE,
        may_who=REVIEW,
        body=parts.ReturnBody,
        answer=parts.DraftAnswer,
        errors=(404, 409),
    )
    def post(self, draft_id: int) -> ExceptionDraft:
        """The author is told."""
        drafts.send_back(draft_id=draft_id, **self.body, **self.acting_in_teams)
        return drafts.draft_of(self.user, draft_id, self.teams)


class WithdrawView(ApiView):
    """Second thoughts."""

    @operation(
        "draft_withdraw",
        "Withdraw one's own draft",
        scope=WRITE,
        may_who=EXCEPT,
        body=parts.VersionBody,
        answer=parts.DraftAnswer,
        errors=(404, 409),
    )
    def post(self, draft_id: int) -> ExceptionDraft:
        """Only the author can."""
        drafts.withdraw(draft_id=draft_id, **self.body, **self.acting_in_teams)
        return drafts.draft_of(self.user, draft_id, self.teams)

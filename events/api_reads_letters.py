"""Refused events for programs: which there are and why, and sending them again."""

from typing import Any

from rest_framework import serializers

from accounts.api.view import ApiView, operation
from accounts.roles import Permission
from accounts.scopes import Scope
from events import letters, replay
from events.errors import RequestRefused
from events.models import DeadLetter, Replay
from soc.web.api.errors import Told, register_teller
from soc.web.api.inputs import Moment, Strict
from soc.web.api.pages import bad_key, page_of

Answer = serializers.Serializer[Any]
MANAGE, OPERATE = Permission.MANAGE_KEYS, Permission.OPERATE


def _refused(error: RequestRefused) -> Told:
    wait = error.retry_after_seconds
    return Told(error.status, error.code, error.sentence, headers={"Retry-After": str(wait)} if wait else {})


register_teller(RequestRefused, _refused)


def _choice(names: Any, help_text: str = "") -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=list(names), required=False, default="", help_text=help_text)


class LettersBody(Strict):
    """Which refused events: of a reason, of a key, no older than a span; those not sent again unless said."""

    reason = serializers.CharField(max_length=40, required=False, default="", allow_blank=True)
    key = serializers.CharField(max_length=20, required=False, default="", allow_blank=True)
    within = _choice(letters.WITHIN)
    state = _choice(letters.STATES)


class LettersQuery(LettersBody):
    """A page of refused events: a hundred."""

    after = serializers.CharField(max_length=2_000, required=False, default="", allow_blank=True)


class LetterAnswer(Answer):
    """An event that was refused at the door."""

    id = serializers.IntegerField()
    team = serializers.IntegerField(source="team_id")
    key = serializers.CharField(source="api_key_id", allow_null=True)
    at = Moment()
    reason = serializers.CharField()
    detail = serializers.CharField()
    host = serializers.CharField(help_text="As far as the bytes tell.")
    events = serializers.IntegerField(help_text="More than one: the line stands for the rest of a request.")
    body_bytes = serializers.IntegerField()
    kept_bytes = serializers.IntegerField()
    state = serializers.ChoiceField(choices=DeadLetter.State.choices)
    tried_at = Moment(allow_null=True)
    tried_detail = serializers.CharField()


class LettersAnswer(Answer):
    """A page of refused events, newest first."""

    items = LetterAnswer(many=True)
    next = serializers.CharField(allow_null=True)


class LetterPageAnswer(Answer):
    """One refused event, with the beginning of its bytes as text."""

    letter = LetterAnswer()
    text = serializers.CharField()


class SentAnswer(Answer):
    """What became of it."""

    letter = LetterAnswer()
    refused = serializers.BooleanField(help_text="Refused again.")
    detail = serializers.CharField()


class ReplayAnswer(Answer):
    """Refused events that are sent again in the background."""

    id = serializers.IntegerField(allow_null=True, help_text="Null: none of them can be sent again.")
    total = serializers.IntegerField()


class LettersView(ApiView):
    """Refused events."""

    @operation(
        "letters_list",
        "Events that were refused at the door",
        scope=Scope.HEALTH_READ,
        may_who=MANAGE,
        query=LettersQuery,
        answer=LettersAnswer,
    )
    def get(self) -> dict[str, Any]:
        """A page of them."""
        asked = letters.Asked.of(self.query)
        found = letters.listing(team_ids=self.teams, asked=asked, after=self.query["after"] or None, now=self.now)
        if found.page.notice:
            raise bad_key()
        return page_of(found.page.items, found.page.next_key)


class LetterView(ApiView):
    """One refused event."""

    @operation(
        "letter_get",
        "One refused event",
        scope=Scope.HEALTH_READ,
        may_who=MANAGE,
        answer=LetterPageAnswer,
        errors=(404,),
    )
    def get(self, letter_id: int) -> dict[str, Any]:
        """What was wrong with it, and its bytes as text."""
        letter = letters.letter_for(letter_id=letter_id, team_ids=self.teams)
        return {"letter": letter, "text": letters.text_of(letter)}


class SendAgainView(ApiView):
    """One refused event once more."""

    @operation(
        "letter_send_again",
        "Send a refused event again",
        scope=Scope.EVENTS_WRITE,
        may_who=OPERATE,
        answer=SentAnswer,
        errors=(404, 409, 413, 422),
    )
    def post(self, letter_id: int) -> Any:
        """Once it is stored it is not sent again."""
        return replay.send_one(letter_id=letter_id, **self.acting_in_teams)


class SendAllAgainView(ApiView):
    """Refused events once more."""

    @operation(
        "letters_send_again",
        "Send refused events again, in the background",
        scope=Scope.EVENTS_WRITE,
        may_who=OPERATE,
        body=LettersBody,
        answer=ReplayAnswer,
        status=202,
    )
    def post(self) -> Replay | dict[str, Any]:
        """Those that are asked for and were kept whole."""
        made = replay.ask_for_all(asked=letters.Asked.of(self.body), **self.acting_in_teams)
        return made or {"id": None, "total": 0}

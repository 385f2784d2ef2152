"""What people may type on the pages of cases, checked before a service sees it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Team, User
from alerts.models import Severity
from cases.models import Entry, Outcome, Phase, Status, Task
from soc.web.numbers import whole

TITLE_LIMIT, LINE_LIMIT, TASK_LIMIT = 200, 300, 500  # as in the columns
TEXT_LIMIT = 20_000
TAG_LIMIT, MOST_TAGS = 60, 20
MOST_ALERTS = 200  # that one form takes
FIRST_YEAR, LAST_YEAR = 2000, 2100
NOBODY: QuerySet[User] = User.objects.none()
SEVERITIES = [(str(level.value), level.label.capitalize()) for level in reversed(Severity)]


class Moment(forms.DateTimeField):
    """A date and time in the person's time zone, from the browser's own picker."""

    def __init__(self, **options: Any) -> None:
        widget = forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"})
        super().__init__(widget=widget, required=options.pop("required", False), **options)

    def to_python(self, value: Any) -> datetime | None:
        """Raises ValidationError for a year that no case has; a database would choke on some of them."""
        moment: datetime | None = super().to_python(value)
        if moment and not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise forms.ValidationError(_("Choose a year between 2000 and 2100."))
        return moment


class Tags(forms.CharField):
    """Words between commas, each once."""

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, max_length=(TAG_LIMIT + 2) * MOST_TAGS, **options)

    def prepare_value(self, value: Any) -> Any:
        """As the box shows what is stored."""
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        """The words. Raises ValidationError when one is too long or there are too many."""
        words = [word.strip() for word in str(super().clean(value)).split(",")]
        found = list(dict.fromkeys(word for word in words if word))
        if len(found) > MOST_TAGS:
            raise forms.ValidationError(_("At most %(most)s tags.") % {"most": MOST_TAGS})
        if any(len(word) > TAG_LIMIT for word in found):
            raise forms.ValidationError(_("A tag has at most %(most)s characters.") % {"most": TAG_LIMIT})
        return found


def _line(label: Any, limit: int = LINE_LIMIT, **options: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=limit, strip=True, required=options.pop("required", False), **options
    )


def _text(label: Any, rows: int, **options: Any) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(
        label=label, max_length=TEXT_LIMIT, strip=True, widget=area, required=options.pop("required", False), **options
    )


def _owner() -> "forms.ModelChoiceField[User]":
    return forms.ModelChoiceField(label=_("Owner"), queryset=NOBODY, required=False, empty_label=_("nobody"))


class WithPeople(forms.Form):
    """A form with an owner to choose among the people of the case's team."""

    def __init__(self, data: Any = None, *, people: QuerySet[User], **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["owner"].queryset = people  # type: ignore[attr-defined]


class NewCaseForm(WithPeople):
    """A new case. With alerts, title and severity may be left to them."""

    title = _line(_("Title"), TITLE_LIMIT)
    severity = forms.ChoiceField(label=_("Severity"), choices=SEVERITIES)
    owner = _owner()
    due_at = Moment(label=_("Due"))
    next_step = _line(_("Next step"))
    tags = Tags(label=_("Tags"))
    summary = _text(_("What is known so far"), 4)
    team = forms.ModelChoiceField(label=_("Team"), queryset=Team.objects.none(), empty_label=None)

    def __init__(self, data: Any = None, *, teams: QuerySet[Team], titled: bool, **options: Any) -> None:
        """`titled` says that alerts name the case if the person does not."""
        super().__init__(data, **options)
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]
        self.fields["title"].required = not titled
        self.fields["title"].widget.attrs["autofocus"] = data is None
        for name in ("title", "next_step", "summary"):
            self.fields[name].widget.attrs["data-keep"] = name
        self.fields["title"].error_messages["required"] = _("Give it a title.")


class EditCaseForm(WithPeople):
    """Everything of a case that is not changed in place."""

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    title = _line(_("Title"), TITLE_LIMIT, required=True, error_messages={"required": _("Give it a title.")})
    severity = forms.ChoiceField(label=_("Severity"), choices=SEVERITIES)
    owner = _owner()
    due_at = Moment(label=_("Due"))
    next_step = _line(_("Next step"))
    tags = Tags(label=_("Tags"))
    summary = _text(_("What is known so far"), 8)


class StepForm(forms.Form):
    """What comes next, and by when; either may be sent alone."""

    version = forms.IntegerField(min_value=1)
    next_step = _line(_("Next step"))
    due_at = Moment(label=_("Due"))


class PhaseForm(forms.Form):
    """Where the work stands, with a word on why it moves on."""

    version = forms.IntegerField(min_value=1)
    phase = forms.ChoiceField(choices=Phase.choices)
    note = _text(_("Why now, if it needs saying"), 2)


class HoldForm(forms.Form):
    """Put a case on hold, or take it up again. A hold says why, and when to look again."""

    version = forms.IntegerField(min_value=1)
    status = forms.ChoiceField(choices=[choice for choice in Status.choices if choice[0] != Status.CLOSED])
    hold_reason = _line(_("What it waits for"))
    wake_at = Moment(label=_("Look again"))

    def clean(self) -> dict[str, Any]:
        """A hold without a reason is a case that is forgotten."""
        data = super().clean() or {}
        if data.get("status") == Status.ON_HOLD and not data.get("hold_reason"):
            self.add_error("hold_reason", _("Say what it waits for."))
        return data


class OwnerForm(WithPeople):
    """Give a case to somebody, or to nobody."""

    version = forms.IntegerField(min_value=1)
    owner = _owner()


class CloseForm(forms.Form):
    """How a case ended, and what becomes of its alerts and of the tasks that are left."""

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    outcome = forms.ChoiceField(
        choices=Outcome.choices, error_messages={"required": _("Choose what it turned out to be.")}
    )
    note = _text(_("What happened, and what follows from it"), 4)
    close_alerts = forms.BooleanField(required=False)
    drop_tasks = forms.BooleanField(required=False)


class ReopenForm(forms.Form):
    """Take a closed case up again."""

    version = forms.IntegerField(min_value=1, required=False)
    note = _text(_("Why"), 2)


class EntryForm(forms.Form):
    """What a person writes on a case."""

    text = _text(_("Add an update"), 2, required=True, error_messages={"required": _("Write something first.")})
    kind = forms.ChoiceField(choices=Entry.Kind.choices, required=False)

    def clean_kind(self) -> str:
        """A comment, unless said otherwise."""
        return self.cleaned_data["kind"] or Entry.Kind.COMMENT.value


class TaskForm(WithPeople):
    """A new task."""

    text = _line(_("Task"), TASK_LIMIT, required=True, error_messages={"required": _("Say what is to be done.")})
    owner = _owner()
    due_at = Moment(label=_("Due"))


class TaskChangeForm(WithPeople):
    """A change of a task: its state, or everything else of it."""

    version = forms.IntegerField(min_value=1)
    state = forms.ChoiceField(choices=Task.State.choices, required=False)
    text = _line(_("Task"), TASK_LIMIT)
    owner = _owner()
    due_at = Moment(label=_("Due"))

    def changes(self) -> dict[str, Any]:
        """What was sent, and nothing else: a tick says nothing of the owner."""
        sent = {name: value for name, value in self.cleaned_data.items() if name in self.data and name != "version"}
        return {name: value for name, value in sent.items() if value or name not in {"state", "text"}}


class StepsForm(forms.Form):
    """The offered response steps that become tasks."""

    def __init__(self, data: Any, *, offered: Iterable[tuple[str, str]]) -> None:
        super().__init__(data)
        self.fields["step"] = forms.MultipleChoiceField(
            choices=list(offered), error_messages={"invalid_choice": _("That step is a task already.")}
        )


def alert_numbers(values: Iterable[str]) -> list[int]:
    """The numbers of ticked alerts: "17", or "17:2" with the version seen, or several between commas.

    What is no number is left out, and so is everything beyond 200 of them plus one, which says that it was too many.
    """
    found: dict[int, None] = {}
    for value in values:
        for piece in value.split(","):
            number = piece.partition(":")[0].strip().upper().removeprefix("AL-")
            if (alert_id := whole(number)) is not None:
                found[alert_id] = None
            if len(found) > MOST_ALERTS:
                return list(found)
    return list(found)


class ListForm(forms.Form):
    """The filters of the list; every one may be left out, so that shared addresses stay short."""

    q = forms.CharField(max_length=200, required=False)
    status = forms.ChoiceField(choices=[("", _("Any status")), *Status.choices], required=False)
    owner = forms.ChoiceField(required=False)
    severity = forms.ChoiceField(choices=[("", _("Any severity")), *SEVERITIES], required=False)
    phase = forms.ChoiceField(choices=[("", _("Any phase")), *Phase.choices], required=False)
    tag = forms.CharField(max_length=TAG_LIMIT, required=False)
    team = forms.ChoiceField(required=False)
    overdue = forms.BooleanField(required=False)
    show = forms.ChoiceField(choices=[("", ""), ("board", "")], required=False)

    def __init__(self, data: Any, *, people: Iterable[User], teams: Iterable[Team]) -> None:
        """`people` may own a case, `teams` are those of the person who looks."""
        super().__init__(data)
        owners = [("me", _("me")), ("nobody", _("nobody")), *((str(user.pk), str(user)) for user in people)]
        self.fields["owner"].choices = [("", _("Any owner")), *owners]  # type: ignore[attr-defined]
        named = [(str(team.pk), str(team)) for team in teams]
        self.fields["team"].choices = [("", _("Any team")), *named]  # type: ignore[attr-defined]

    def chosen(self) -> dict[str, Any]:
        """The values that are sound; a filter that is not is left out."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

"""The exception panel read from a request, as it opens or as it was submitted: on an alert, a rule, a stored one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.access import may
from accounts.models import User
from accounts.roles import PERMISSIONS, Permission, Role
from accounts.selectors import teams_of
from alerts import exceptions
from alerts.errors import ScopeRefused
from alerts.exceptions.allowed import drafts_only
from alerts.exceptions.covering import alerts_of
from alerts.exceptions.drafts import returned_to
from alerts.exceptions.groups import MOST_GROUPS
from alerts.exceptions.made import made_by_rule
from alerts.exceptions.scope import MOST_RULES, Scope, scope_of, scope_of_item
from alerts.exceptions.suggesting import Suggestion, suggestion
from alerts.forms import ExceptionForm
from alerts.kept import source_of
from alerts.models import Alert, ExceptionDraft, Trial
from alerts.selectors import AlertPage
from alerts.selectors.briefs import briefs_of
from alerts.selectors.drafted_changes import taken_up_again
from alerts.selectors.event_fields import MAX_VALUES
from alerts.views.composer import Composer
from alerts.views.conditions import (
    MOST_CONDITIONS,
    Condition,
    condition_on,
    conditions_from,
    conditions_of,
    with_error,
    with_matches,
)
from alerts.views.frame import came_from, facts_asked
from alerts.views.panel import ALERTING, SILENCED
from alerts.views.way_back import back_of
from engine import Document, ExceptionEntryError
from engine.tree import text_of
from events.named import event_in
from rules.models import ExceptionItem, Rule, SharedList, ValueList
from soc.web.clock import now as clock_now
from soc.web.http import UserRequest
from soc.web.numbers import whole

Values = Mapping[str, tuple[str, ...]]
"""What an exception may be written on, by field."""
OPENING_SECONDS = 0.2
"""The preview that comes with the panel is of so much time; the panel asks for the rest by itself."""
MOST_OFFERED = 8
MOST_LISTS = 200
MOST_ASKED = 2
_BEGINS = ("add", "event", "nth", "field", "operator", "value")


def values_on(request: UserRequest, page: AlertPage) -> Values:
    """The fields of the alert's events, and the columns of its row; those of one event where the address names it."""
    row = page.composition.row if page.composition else None
    columns = {cell.name: cell.values for cell in row.cells} if row else {}
    fields = {field.name: field.values[:MAX_VALUES] for field in page.all_fields}
    return {**fields, **columns, **_values_of_event(request, page)}


def values_of_rule(rule: Rule, team_ids: Sequence[int]) -> Values:
    """The fields of the rule's latest alert that the person sees."""
    latest = alerts_of(rule, team_ids).order_by("-pk").first()
    source = source_of(latest) if latest else None
    return _values_in(source.document()) if source else {}


def _values_in(document: Document) -> Values:
    return {name: tuple(map(text_of, values)) for name, values in document.flat.items()}


def _values_of_event(request: UserRequest, page: AlertPage | None = None) -> Values:
    """The fields of the event that the address names, if it names one: as it was kept with the alert, or is stored."""
    uid, day = request.GET.get("event", ""), request.GET.get("day", "")
    kept = next((one for one in page.events if one.hex == uid), None) if page else None
    if kept:
        return _values_in(kept.document)
    found = event_in(uid, day, teams_of(request.user)) if uid else None
    return _values_in(found.document()) if found else {}


def compose_new(request: UserRequest, page: AlertPage) -> Composer:
    """The panel as it opens: with what the address names, else with what the past verdicts suggest."""
    values = values_on(request, page)
    picked = _picked(request, values)
    found = Suggestion([]) if picked else suggestion(page.alert)
    rows = picked or conditions_of(found.entries)
    mine = _returned(request, page.alert)
    composer = _composer(request, page.alert.rule, _new_form(request.user, mine), rows or [Condition()], values)
    composer.alert = page.alert
    composer.suggested = _suggested_words(found)
    composer.opening = True
    return judged(_as_drafted(composer, mine) if mine else composer)


def _picked(request: UserRequest, values: Values) -> list[Condition]:
    """The conditions that the address names, else those on the fields that were clicked."""
    clicked = [name for name in dict.fromkeys(request.GET.getlist("add")) if name]
    return conditions_from(_with_all_columns(request.GET)) or [
        condition_on(name, _pressed(request, name, values)) for name in clicked
    ]


def _pressed(request: UserRequest, name: str, values: Values) -> Sequence[str]:
    """What stands where a button was pressed: of a field's values the one that is counted out (`nth`), else all."""
    some, nth = values.get(name, ()), _number(request.GET.get("nth", ""))
    return some if nth is None else some[nth : nth + 1] or some


def _suggested_words(found: Suggestion) -> str:
    if found.withheld:
        return _("Nothing is suggested: what is true of this alert would hide a true positive")
    return _("Suggested from this alert and past verdicts") if found.entries else ""


def compose_on_rule(request: UserRequest, rule: Rule) -> Composer:
    """The panel on a rule as it opens, with the conditions that the address names: field, operator and value, or
    fields of an event, else of the rule's latest alert."""
    values = _values_of_event(request) or values_of_rule(rule, teams_of(request.user))
    rows = _picked(request, values) or [Condition()]
    composer = _composer(request, rule, _new_form(request.user), rows, values)
    composer.opening = True
    return judged(composer)


def compose_from(
    request: UserRequest, rule: Rule, alert: Alert | None, values: Callable[[], Values] = dict
) -> Composer:
    """The panel as it was submitted, with the row or group added or removed that a button asked for.

    `values` gives the fields to choose from; it is called only where they are needed.
    """
    data = request.POST
    mine = _returned(request, alert) if alert else None
    form = ExceptionForm(data, may_never=may_never(request.user), **_proposed(mine))
    known = values() if data.get("add_field") or request.htmx.target != "preview" else {}
    composer = _composer(request, rule, form, [], known)
    composer.alert, composer.draft_id = alert, _number(data.get("draft", ""))
    return judged(_edited(composer, request, known))


def compose_edit(request: UserRequest, item: ExceptionItem) -> Composer:
    """The panel on a stored exception: as it is stored, as it was submitted, or as a draft of the person's says that
    the address names."""
    data = request.POST if request.method == "POST" else None
    draft = _own_draft(request, item)
    form = _edit_form(data, item, draft, request.user)
    wanted = request.htmx.target != "preview" or bool(data and data.get("add_field"))
    values = values_of_rule(item.rule, teams_of(request.user)) if wanted else {}
    stored = [draft.entries, *draft.more] if draft else [item.entries]
    rows = [row for at, entries in enumerate(stored) for row in conditions_of(entries, at)]
    composer = _composer(request, item.rule, form, rows, values)
    composer.item, composer.version, composer.opening = item, item.version, data is None
    composer.draft, composer.draft_id = draft, draft.pk if draft else None
    composer.back = back_of(request)
    if data is not None:
        version = _number(data.get("version", ""))
        composer.version = version if version is not None else item.version
        composer = _edited(composer, request, values)
    composer.scope = scope_of_item(item)
    return judged(composer)


def _own_draft(request: UserRequest, item: ExceptionItem) -> ExceptionDraft | None:
    """The change that is taken up again, if the address or what was submitted names one of the person's."""
    number = _draft_named(request)
    return taken_up_again(request.user, number, item, teams_of(request.user)) if number else None


def _draft_named(request: UserRequest) -> int | None:
    """The number of the draft that the address names, or what was submitted."""
    return _number((request.POST if request.method == "POST" else request.GET).get("draft", ""))


def _edit_form(data: QueryDict | None, item: ExceptionItem, draft: ExceptionDraft | None, user: User) -> ExceptionForm:
    """What the panel on a stored exception has beside its conditions, as stored or as proposed."""
    said = draft or item
    return ExceptionForm(
        data,
        may_never=may_never(user),
        keeps=item.expires_at,
        keeps_review=item.review_at,
        proposes=draft.expires_at if draft and draft.expires_at != item.expires_at else None,
        proposes_review=draft.review_at if draft and draft.review_at != item.review_at else None,
        reason=said.reason,
        name=said.name,
        expires=_chosen(said.expires_at, item.expires_at) or "never",
        review=_chosen(said.review_at, item.review_at),
        close=bool(draft and draft.close_matching),
        close_reason=(draft.close_matching if draft else "") or "benign_positive",
    )


def _chosen(said: datetime | None, stored: datetime | None) -> str:
    """Which choice of the form a day is: the stored one, or the draft's; empty for none."""
    return "" if said is None else "keep" if said == stored else "proposed"


def _composer(request: UserRequest, rule: Rule, form: ExceptionForm, rows: list[Condition], values: Values) -> Composer:
    """What every panel has. Lists are looked up only where the whole panel is drawn."""
    asked = any(row.asks_list for row in rows) or request.htmx.target != "preview"
    form.offer_lists(_lists_of(rule) if asked else ())
    return Composer(
        user=request.user,
        rule=rule,
        form=form,
        rows=rows,
        field_names=sorted(values),
        drafts_only=drafts_only(request.user),
        made=made_by_rule(rule),
        scope=Scope(rule),
        lists=_value_lists() if asked else [],
        query=came_from(request),
        facts=facts_asked(request),
        begun=_begun(request),
    )


def _begun(request: UserRequest) -> str:
    """What the address asked for when the panel was opened."""
    if request.method == "POST":
        return request.POST.get("begun", "")
    return urlencode([(name, one) for name in _BEGINS for one in request.GET.getlist(name)])


def _new_form(user: User, draft: ExceptionDraft | None = None) -> ExceptionForm:
    """What a new panel has beside its conditions: what is usual, or what a draft says."""
    usual: dict[str, Any] = {"close": True, "expires": "90", "close_reason": "benign_positive", "scope": "rule"}
    return ExceptionForm(may_never=may_never(user), **_proposed(draft), **usual | (_said(draft) if draft else {}))


def _proposed(draft: ExceptionDraft | None) -> dict[str, Any]:
    """The days of a draft that is taken up again, as choices of the form."""
    return {"proposes": draft.expires_at, "proposes_review": draft.review_at} if draft else {}


def _said(draft: ExceptionDraft) -> dict[str, Any]:
    return {
        "reason": draft.reason,
        "name": draft.name,
        "expires": "proposed" if draft.expires_at else "never",
        "review": "proposed" if draft.review_at else "",
        "close": bool(draft.close_matching),
        "close_reason": draft.close_matching or "benign_positive",
        "scope": f"list:{draft.list_id}" if draft.list_id else "rules" if draft.rule_ids else "rule",
    }


def _value_lists() -> list[tuple[str, str]]:
    rows = ValueList.objects.exclude(type=ValueList.Type.TABLE).order_by("name")
    found = rows.values_list("list_id", "type", "name")[:MOST_LISTS]
    return [(list_id if kind == "keyword" else f"{list_id}\n{kind}", name) for list_id, kind, name in found]


def _lists_of(rule: Rule) -> list[tuple[str, str, int]]:
    """The shared lists that hold for the rule: id, name, and for how many rules."""
    found = SharedList.objects.filter(rules=rule, removed_at=None).order_by("name")[:MOST_LISTS]
    return [(one.list_id, one.name, one.rules.count()) for one in found]


def _edited(composer: Composer, request: UserRequest, values: Values) -> Composer:
    """The rows as submitted, and what the pressed button made of them."""
    data = request.POST
    rows = conditions_from(data)
    groups = len({row.group for row in rows}) or 1
    composer.into = min(_number(data.get("into", "")) or 0, groups - 1)
    composer.rev = _number(data.get("rev", "")) or 0
    composer.fresh = not data.keys().isdisjoint(("add", "or", "add_inner"))
    composer.removed, composer.as_left = "remove" in data, "as_left" in request.GET
    if added := data.get("add_field", ""):
        rows = _toggled(rows, added, _pressed(request, added, values), composer.into)
    composer.suggested = _("As you left it") if composer.as_left else ""
    if "or" in data and groups < MOST_GROUPS and rows:
        composer.into = groups
        rows.append(Condition(group=groups))
    if "add" in data:
        composer.into = min(_number(data.get("add", "")) or 0, groups - 1)
        rows.append(Condition(group=composer.into))
    rows = _with_inner(rows, data)
    composer.rows = sorted(rows, key=lambda row: row.group) or [Condition()]
    composer.trial = _trial(composer.user, data.get("trial_id", ""))
    composer.see = see if (see := data.get("see", "")) in (SILENCED, ALERTING) else ""
    return _scoped(composer, data)


def _toggled(rows: list[Condition], name: str, values: Sequence[str], into: int) -> list[Condition]:
    """With a condition on what stands at a field in the group in focus; without it where the group has one."""
    left = [row for row in rows if not (row.group == into and row.is_on(name, values))]
    return left if len(left) < len(rows) else [*rows, condition_on(name, values, into)]


def _with_inner(rows: list[Condition], data: QueryDict) -> list[Condition]:
    """With a blank row inside each nested condition that has none, and where its button asked for one more."""
    wanted, made = data.get("add_inner", ""), list[Condition]()
    for at, row in enumerate(rows):
        made.append(row)
        last = at + 1 == len(rows) or not rows[at + 1].inner
        owner = _owner(rows, at)
        if owner is not None and last and (row.is_nested or wanted == f"{owner.group}.{owner.field}"):
            made.append(Condition(group=row.group, inner=True))
    return made


def _owner(rows: Sequence[Condition], at: int) -> Condition | None:
    """The nested condition that a row is, or is inside of."""
    while at > 0 and rows[at].inner:
        at -= 1
    return rows[at] if rows[at].is_nested else None


def _scoped(composer: Composer, data: QueryDict) -> Composer:
    """Where it is to hold: the rules chosen so far, with the one that a button added or took away."""
    chosen, shared = data.get("scope", "rule"), ""
    wanted: list[str] = []
    if chosen == "rules":
        wanted = [one for one in data.getlist("rule") if one != data.get("drop_rule")]
        wanted += [data.get("add_rule", "")] if data.get("add_rule") else []
        composer.looked_for = data.get("rule_name", "").strip()[:200]
        composer.offered = _offered(composer, wanted) if composer.looked_for and not data.get("add_rule") else []
    elif chosen.startswith("list:"):
        shared = chosen.removeprefix("list:")
    try:
        composer.scope = scope_of(composer.rule, wanted, shared)
    except ScopeRefused as error:
        composer.problem = error.message
    return composer


def _offered(composer: Composer, chosen: Sequence[str]) -> list[Rule]:
    """The rules whose name has what was typed, that the person may write exceptions on."""
    if len(chosen) >= MOST_RULES:
        return []
    found = Rule.objects.filter(name__icontains=composer.looked_for).exclude(pk__in=[composer.rule.pk, *chosen])
    mine = {None, *teams_of(composer.user)}
    return [rule for rule in found.order_by("name", "pk")[: 4 * MOST_OFFERED] if rule.team_id in mine][:MOST_OFFERED]


def _returned(request: UserRequest, alert: Alert) -> ExceptionDraft | None:
    """The returned draft of the person that the address names, or what was submitted, if it is of this alert."""
    number = _draft_named(request)
    mine = returned_to(request.user, teams_of(request.user))
    return mine.filter(pk=number, alert=alert).first() if number else None


def _as_drafted(composer: Composer, mine: ExceptionDraft) -> Composer:
    """With the conditions and the rules of a draft."""
    composer.draft_id, composer.suggested = mine.pk, _("From your draft")
    composer.rows = [row for at, one in enumerate([mine.entries, *mine.more]) for row in conditions_of(one, at)]
    try:
        composer.scope = scope_of(composer.rule, mine.rule_ids, mine.list_id)
    except ScopeRefused as error:
        composer.problem = error.message
    return composer


def _trial(user: User, text: str) -> Trial | None:
    """The trial that the panel shows, one's own."""
    try:
        return Trial.objects.filter(pk=UUID(text), actor=user).first()
    except ValueError:
        return None


def _number(text: str) -> int | None:
    return whole(text, 9)


def _with_all_columns(data: QueryDict) -> QueryDict:
    """The conditions of an address, in which operator and case may be left out."""
    full = data.copy()
    rows = len(data.getlist("field"))
    for name, usual in (("operator", "is"), ("value", ""), ("case", "")):
        full.setlist(name, [*data.getlist(name), *[usual] * rows][:rows])
    return full


def judged(composer: Composer, now: datetime | None = None) -> Composer:
    """With the preview of its conditions, or with what is wrong beside the row that is."""
    groups = composer.groups_of_entries()
    if not groups or composer.problem:
        return composer
    if wrong := _unfinished(composer):
        composer.problem = wrong
        return composer
    try:
        composer.preview = exceptions.preview(
            rule=composer.rule,
            entries=groups[0],
            more=groups[1:],
            rules=composer.rules,
            team_ids=teams_of(composer.user),
            now=now or clock_now(),
            alert=composer.alert,
            item_id=composer.item.pk if composer.item else None,
            seconds=OPENING_SECONDS if composer.opening else exceptions.SECONDS,
            count_beyond=not composer.opening,
        )
    except ExceptionEntryError as error:
        composer.problem = _("One of the conditions cannot be used.")
        return _with_wrong(composer, error)
    if composer.see:
        numbers = composer.preview.newest_silenced if composer.see == SILENCED else composer.preview.newest_alerting
        composer.listed = briefs_of(numbers)
    if composer.guarded and not composer.may_override:
        composer.overriders = _overriders(composer)
    counted = [
        row
        for at, group in enumerate(_filled_groups(composer))
        for row in with_matches(group, composer.preview.groups[at].per_entry, composer.preview.groups[at].inside)
    ]
    return _nameless_marked(_with_filled(composer, counted))


def _overriders(composer: Composer) -> list[str]:
    """The first of the people in the person's teams whose role may hide a true positive, engineers first. One query."""
    roles = [role for role, allowed in PERMISSIONS.items() if Permission.OVERRIDE_GUARD in allowed]
    found = User.objects.filter(is_active=True, role__in=roles, teams__in=teams_of(composer.user)).distinct()
    in_turn = sorted(found.order_by("pk")[:50], key=lambda one: (roles.index(Role(one.role)), one.pk))
    return [str(one) for one in in_turn[:MOST_ASKED]]


def _with_filled(composer: Composer, filled: Sequence[Condition]) -> Composer:
    """With the rows that say something as given; the others stay where they are."""
    said, given = {id(row) for row in composer.filled}, iter(filled)
    composer.rows = [next(given) if id(row) in said else row for row in composer.rows]
    return composer


def _nameless_marked(composer: Composer) -> Composer:
    """With a sentence at rows that ask for a value, but of no field."""
    words = _("Name the field that this is asked of.")
    if any(row.value.strip() and not row.field for row in composer.rows):
        composer.rows = [
            replace(row, error=words) if row.value.strip() and not row.field else row for row in composer.rows
        ]
        composer.problem = _("One of the conditions is not finished.")
    return composer


def _filled_groups(composer: Composer) -> list[list[Condition]]:
    found = [[row for row in composer.filled if row.group == number] for number in composer.numbers]
    return [group for group in found if group]


def _unfinished(composer: Composer) -> str:
    """What keeps the conditions from being asked at all; marks the row."""
    for group in _filled_groups(composer):
        if len(group) > MOST_CONDITIONS:
            return _("At most %(most)s conditions make a group.") % {"most": MOST_CONDITIONS}
    filled = composer.filled
    for at, row in enumerate(filled):
        if row.is_nested and not (at + 1 < len(filled) and filled[at + 1].inner):
            words = _("Add what one of its elements has to meet.")
            composer.rows = [replace(one, error=words) if one is row else one for one in composer.rows]
            return _("One of the conditions is not finished.")
    return ""


def _with_wrong(composer: Composer, error: ExceptionEntryError) -> Composer:
    """With the sentence beside the row that cannot be used."""
    wrong = error.group if isinstance(error, exceptions.GroupError) else 0
    groups = _filled_groups(composer)
    marked = [
        row
        for at, group in enumerate(groups)
        for row in (with_error(group, error.index, error.message) if at == wrong else group)
    ]
    return _with_filled(composer, marked)


def may_never(user: User) -> bool:
    """Whether the person may keep an exception without an end."""
    return may(user, Permission.OVERRIDE_GUARD)

"""What the queue's filters can be chosen from: the rules, people and teams of whoever looks.

They change seldom and are asked for with every look at the queue, so they are kept for some seconds. An address that
names what is not among them has them read anew; and an act checks for itself who may be given what.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import QueryDict

from accounts.models import Team, User
from accounts.selectors import people_to_assign
from alerts import selectors
from alerts.queue_form import Named, QueueForm, form_over, named, usual_sort
from soc.web.remembered import Remembered

KEPT_FOR = 5.0
_known = Remembered["Choices"](KEPT_FOR, 256)


@dataclass(frozen=True, slots=True)
class Choices:
    """The rules by number and name, the people who may own an alert, and the teams of a person who is in several."""

    rules: tuple[tuple[str, str], ...]
    people: tuple[Named, ...]
    teams: tuple[Named, ...] = ()

    def chosen_in(self, query: str) -> dict[str, str]:
        """The sound filters of an address."""
        return self.form(QueryDict(query)).chosen()

    def form(self, data: QueryDict) -> QueueForm:
        """The form over an address. It shows in which order the tab stands, where the address says none."""
        said = {name: data[name] for name in QueueForm.base_fields if name in data}
        given = tuple({**said, "sort": said.get("sort") or usual_sort(str(said.get("view", "")))}.items())
        return form_over(given, self.rules, self.people, self.teams)

    def offer(self, data: QueryDict) -> bool:
        """Whether what an address names is among them."""
        return (
            data.get("rule", "") in {"", *(rule_id for rule_id, _ in self.rules)}
            and data.get("assignee", "") in {"", "me", "nobody", *(str(one.pk) for one in self.people)}
            and data.get("team", "") in {"", *(str(one.pk) for one in self.teams)}
        )


def choices_for(user: User, team_ids: Sequence[int], data: QueryDict) -> Choices:
    """The choices of somebody who sees these teams. None to three queries."""
    known = _known.get(tuple(team_ids))
    if known is not None and known.offer(data):
        return known
    return _known.put(tuple(team_ids), _read(user, team_ids))


def forget() -> None:
    """Have them read anew."""
    _known.clear()


def _read(user: User, team_ids: Sequence[int]) -> Choices:
    people = people_to_assign(team_ids).only("username", "first_name", "last_name")
    teams = Team.objects.filter(pk__in=team_ids).order_by("name") if len(team_ids) > 1 else ()
    return Choices(tuple(selectors.rule_choices(user=user)), named(people), named(teams))

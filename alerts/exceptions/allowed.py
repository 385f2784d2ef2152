"""Who may change the exceptions of a rule: whoever may write exceptions, on rules that serve one of his teams.

The policy of a role may say that its exceptions need a review. Then its people send drafts instead of adding, editing
or enabling anything: each of these takes events out of a rule. Disabling and taking back only let events in again, so
they may do that with exceptions of their own.
"""

from collections.abc import Iterable

from accounts.access import need
from accounts.errors import NotYourTeam
from accounts.models import RolePolicy, User
from accounts.roles import Permission
from accounts.selectors import policy_of, teams_of
from alerts.errors import ReviewNeeded
from rules.models import ExceptionItem, Rule


def need_to_except(actor: User, rule: Rule) -> None:
    """Refuse who may not. A rule without a team serves everybody. One query for a rule with one.

    Raises: NotAllowed, NotYourTeam.
    """
    need(actor, Permission.EXCEPT)
    if rule.team_id is not None and rule.team_id not in teams_of(actor):
        raise NotYourTeam("This rule belongs to a team that you are not in.")


def drafts_only(user: User) -> bool:
    """Whether the policy of the person's role sends his exceptions to review. One query."""
    return policy_of(user.role).exceptions == RolePolicy.Exceptions.DRAFT


def need_to_save(actor: User, rule: Rule) -> None:
    """Refuse who may not put an exception into force. Up to two queries.

    Raises: NotAllowed, NotYourTeam, ReviewNeeded.
    """
    need_to_except(actor, rule)
    if drafts_only(actor):
        raise ReviewNeeded


def need_to_save_on(actor: User, rules: Iterable[Rule]) -> None:
    """The same on each of several rules. Three queries however many they are.

    Raises: NotAllowed, NotYourTeam, ReviewNeeded.
    """
    need_to_except_on(actor, rules)
    if drafts_only(actor):
        raise ReviewNeeded


def need_to_except_on(actor: User, rules: Iterable[Rule]) -> None:
    """Refuse who may not write exceptions on each of several rules. One query.

    Raises: NotAllowed, NotYourTeam.
    """
    need(actor, Permission.EXCEPT)
    teams = {None, *teams_of(actor)}
    if any(rule.team_id not in teams for rule in rules):
        raise NotYourTeam("One of these rules belongs to a team that you are not in.")


def need_to_lift_all(actor: User, items: Iterable[ExceptionItem]) -> None:
    """Refuse who may not end each of several exceptions. Three queries.

    Raises: NotAllowed, NotYourTeam, ReviewNeeded.
    """
    several = list(items)
    need_to_except_on(actor, (item.rule for item in several))
    if any(item.owner_id != actor.pk for item in several) and drafts_only(actor):
        raise ReviewNeeded("Your role may disable or take back only exceptions of its own person. Ask the owner.")


def need_to_lift(actor: User, item: ExceptionItem) -> None:
    """Refuse who may not end an exception. Up to two queries.

    Raises: NotAllowed, NotYourTeam, ReviewNeeded.
    """
    need_to_except(actor, item.rule)
    if item.owner_id != actor.pk and drafts_only(actor):
        raise ReviewNeeded("Your role may disable or take back only exceptions of its own person. Ask the owner.")

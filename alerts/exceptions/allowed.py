"""Who may change the exceptions of a rule: whoever may write exceptions, on rules that serve one of his teams."""

from accounts.access import need
from accounts.errors import NotYourTeam
from accounts.models import User
from accounts.roles import Permission
from accounts.selectors import teams_of
from rules.models import Rule


def need_to_except(actor: User, rule: Rule) -> None:
    """Refuse who may not. A rule without a team serves everybody. One query for a rule with one.

    Raises: NotAllowed, NotYourTeam.
    """
    need(actor, Permission.EXCEPT)
    if rule.team_id is not None and rule.team_id not in teams_of(actor):
        raise NotYourTeam("This rule belongs to a team that you are not in.")

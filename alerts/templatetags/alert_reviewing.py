"""`{% load alert_reviewing %}`: words about exceptions that were looked at again."""

from django import template
from django.utils.translation import gettext_lazy as _

from alerts.models import ExceptionCheck
from alerts.reviewing.signs import BROAD_SHARE

register = template.Library()
_BROAD = {
    "negative_only": _("every condition says what is not there"),
    "name_only": _("any program can take this name"),
    "wide_fields": _("most events of the rule are so"),
    "root_alone": _("everything the most powerful account does"),
}


@register.filter
def broad_words(check: ExceptionCheck) -> str:
    """Why an exception was found too broad: "silences 91 % of the rule"."""
    if check.share is not None and check.share > BROAD_SHARE:
        return str(_("silences %(share)s %% of the rule")) % {"share": f"{100 * check.share:.0f}"}
    return str(_BROAD.get(check.broad, ""))

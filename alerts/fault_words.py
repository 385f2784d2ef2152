"""Why false positives were false, in words: for the overview and for a rule's page."""

from django.utils.translation import gettext as _

from alerts.selectors.shapes import Faults


def why_false(faults: Faults) -> str:
    """ "false positives: 3 rule logic, 1 data wrong, 12 not said"; nothing where there are none."""
    told = (
        (faults.rule_logic, _("%(n)s rule logic")),
        (faults.data_wrong, _("%(n)s data wrong")),
        (faults.unsaid, _("%(n)s not said")),
    )
    said = ", ".join(words % {"n": f"{number:,}"} for number, words in told if number)
    return _("false positives: %(said)s") % {"said": said} if said else ""

"""What people do before a drill: `python -m tests.flows.work_on_alerts` closes one alert and takes another.

It runs beside a live system, through the services that the pages call.
"""

from datetime import UTC, datetime

import django


def main() -> None:
    """Close the oldest alert as a true positive, and give the next one an owner."""
    django.setup()
    from accounts.models import User
    from accounts.selectors import teams_of
    from alerts import triage
    from alerts.models import Alert

    admin = User.objects.get(username="admin")
    first, second = Alert.objects.order_by("pk").values_list("pk", flat=True)[:2]
    said = {"actor": admin, "now": datetime.now(UTC), "team_ids": teams_of(admin)}
    triage.set_status(alert_ids=[first], status="closed", reason="true_positive", note="seen before", **said)
    triage.assign(alert_ids=[second], assignee=admin, **said)


if __name__ == "__main__":
    main()

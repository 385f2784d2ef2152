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
    now, team_ids = datetime.now(UTC), teams_of(admin)
    triage.set_status(
        alert_ids=[first], status="closed", reason="true_positive", actor=admin, now=now, team_ids=team_ids
    )
    triage.assign(alert_ids=[second], assignee=admin, actor=admin, now=now, team_ids=team_ids)


if __name__ == "__main__":
    main()

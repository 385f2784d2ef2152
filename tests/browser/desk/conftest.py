"""What lies on the desk."""

import pytest

from alerts.models import Alert
from tests.alerts.pages.world import World


@pytest.fixture
def alerts(world: World) -> list[Alert]:
    """Twelve alerts that do not fold: each is of another host."""
    return world.send([world.perl(number, host__name=f"node-{number:02d}") for number in range(1, 13)])

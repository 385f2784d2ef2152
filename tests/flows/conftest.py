"""One running system for all flows of a module, an agent with a key, and the administrator at the pages."""

import re

import pytest

from tests.flows.agent import Agent
from tests.flows.visitor import Visitor

# The longest first, so that no worker is left alone with one at the end (`--no-loadscope-reorder` keeps the order).
LONG = ("test_restore.py", "test_joined_rules.py", "test_image.py", "test_people.py", "test_run.py")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    flows = [item for item in items if item.get_closest_marker("flow")]
    if len(flows) == len(items):
        items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))


@pytest.fixture(scope="module")
def system(live_system):
    return live_system.start()


@pytest.fixture(scope="module")
def agent(system):
    return Agent.of(system)


@pytest.fixture(scope="module")
def sign_in_link(system):
    """The one-time link that the first start prints."""
    found = re.search(r"http\S+/sign-in/\S+", system.setup_output)
    assert found, system.setup_output
    return found[0]


@pytest.fixture(scope="module")
def visitor(system, sign_in_link):
    return Visitor(system.url, sign_in_link)

"""What a person at the terminal reads when the broker is away, and when something is really wrong."""

import itertools
import logging

import kombu.exceptions
import pytest
import redis.exceptions
from celery.beat import SchedulingError

from soc.web.broker_logs import BrokerAway


def _record(error, message="Message Error: %s\n%s"):
    return logging.LogRecord(
        "celery.beat", logging.ERROR, "beat.py", 1, message, (error, ["stack"]), (type(error), error, None)
    )


def _chain(*errors):
    for inner, outer in itertools.pairwise(errors):
        outer.__context__ = inner
    return errors[-1]


def _away():
    return _chain(redis.exceptions.ConnectionError("refused"), SchedulingError("Couldn't apply scheduled task judge"))


def test_a_broker_that_is_away_is_one_line_without_a_traceback():
    record = _record(_away())
    assert BrokerAway().filter(record)
    assert record.exc_info is None
    assert record.getMessage() == "Message Error: Couldn't apply scheduled task judge (The broker is away.)"


def test_it_is_not_said_again_at_once():
    shortened = BrokerAway()
    assert shortened.filter(_record(_away()))
    assert not shortened.filter(_record(kombu.exceptions.OperationalError("gone")))


@pytest.mark.parametrize(
    "error", [ValueError("ours"), SchedulingError("x"), kombu.exceptions.EncodeError("y"), OSError("disk full")]
)
def test_every_other_error_keeps_its_traceback(error):
    shortened = BrokerAway()
    for _ in range(2):
        record = _record(error)
        assert shortened.filter(record)
        assert record.exc_info
        assert record.getMessage().endswith("['stack']")


@pytest.mark.parametrize("name", ["httpx", "httpcore"])
def test_clients_do_not_log_each_request(name):
    assert not logging.getLogger(name).isEnabledFor(logging.INFO)

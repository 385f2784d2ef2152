"""Addresses whose password comes from elsewhere."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from soc.env import database_from_url, env_url


def test_an_address_without_a_password_stays_as_it_is(monkeypatch):
    monkeypatch.setenv("BROKER_URL", "redis://valkey:6379/0")
    assert env_url("BROKER_URL") == "redis://valkey:6379/0"


def test_the_password_comes_from_a_file_and_may_hold_anything(monkeypatch, tmp_path):
    (tmp_path / "secret").write_text("p@ss/w:rd#?\n")
    monkeypatch.setenv("BROKER_URL", "redis://valkey:6379/0")
    monkeypatch.setenv("BROKER_PASSWORD_FILE", str(tmp_path / "secret"))
    assert env_url("BROKER_URL") == "redis://:p%40ss%2Fw%3Ard%23%3F@valkey:6379/0"


def test_the_database_gets_the_password_that_was_meant(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://watchbill@postgres:5432/watchbill?sslmode=require")
    monkeypatch.setenv("DATABASE_PASSWORD", "p@ss/w:rd#? ü")
    parts = database_from_url(env_url("DATABASE_URL"))
    assert (parts["USER"], parts["PASSWORD"], parts["HOST"]) == ("watchbill", "p@ss/w:rd#? ü", "postgres")
    assert parts["OPTIONS"] == {"sslmode": "require"}


def test_a_password_for_no_server_is_refused(monkeypatch):
    monkeypatch.delenv("BROKER_URL", raising=False)
    monkeypatch.setenv("BROKER_PASSWORD", "secret")
    with pytest.raises(ImproperlyConfigured, match="BROKER_PASSWORD is given, but BROKER_URL names no server"):
        env_url("BROKER_URL")

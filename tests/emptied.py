"""What a test that commits leaves behind is deleted from the tables that hold something, not cut from all of them.

Django's own way truncates every table with its indexes, a thousand files of which most were empty, and makes all
permissions anew: a third of a second for each test. Those two lists are of the code and stay as they were migrated.
"""

from functools import cache
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.test import TransactionTestCase

_OF_THE_CODE = {"django_content_type", "auth_permission"}


def instead_of_truncating() -> None:
    """Have Django's test case for tests that commit end this way."""
    TransactionTestCase._fixture_teardown = _end  # type: ignore[attr-defined]


def _end(_case: Any) -> None:
    names = _tables(connection.settings_dict["NAME"])
    with transaction.atomic(), connection.cursor() as cursor:
        # What a server's thread still writes is waited for; a reader is not.
        cursor.execute(f"LOCK TABLE {', '.join(names)} IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in names))
        held = [name for (name,) in cursor.fetchall()]
        cursor.execute("SET LOCAL session_replication_role = replica")  # neither foreign keys nor guards, as truncating
        for name in held:
            cursor.execute(f"DELETE FROM {name}")


@cache
def _tables(_database: str) -> list[str]:
    """Every model's table, those that we make ourselves included, quoted."""
    found = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}
    found &= set(connection.introspection.table_names())
    return [connection.ops.quote_name(name) for name in sorted(found - _OF_THE_CODE)]

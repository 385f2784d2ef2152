"""Migrations over a filled database: one that was cut off can be run again."""

from collections.abc import Sequence

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db.migrations import RunPython, RunSQL
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation

_DROP = "DROP INDEX CONCURRENTLY IF EXISTS "
OURS = ("accounts", "events", "rules", "alerts", "cases")


def test_a_migration_that_was_cut_off_leaves_nothing_behind_that_the_next_run_stumbles_over():
    loader = MigrationLoader(None, ignore_no_migrations=True)
    cut = {
        f"{app}.{name}": others
        for (app, name), migration in loader.disk_migrations.items()
        if app in OURS and not migration.atomic and (others := _stumbled_over(migration.operations))
    }
    assert not cut


def _stumbled_over(operations: Sequence[Operation]) -> list[str]:
    """The operations that cannot be done twice. An index is made after one of its name, maybe half made, was dropped;
    one that is taken away may be gone."""
    found, dropped = [], ""
    for one in operations:
        if isinstance(one, RunSQL) and str(one.sql).startswith(_DROP):
            dropped = str(one.sql).removeprefix(_DROP)
        elif not isinstance(one, RunPython | RemoveIndexConcurrently) and not (
            isinstance(one, AddIndexConcurrently) and one.index.name == dropped
        ):
            found.append(type(one).__name__)
    return found

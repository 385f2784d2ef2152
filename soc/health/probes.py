"""What supervisors and load balancers ask: does the process live, and may it be sent requests. Public, and cheap."""

from django.db import InterfaceError, OperationalError, ProgrammingError, connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse

from accounts.access import public
from soc.health import stores

_READY = "Ready."
_NO_BROKER = "Ready. The broker does not answer: events are taken in and wait to be judged."
_NO_DATABASE = "Not ready: the database does not answer."
_NOT_MIGRATED = "Not ready: the database is not migrated; run manage.py migrate."
_complete: set[str] = set()


@public
def live(_request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers; asks nobody else."""
    return _said(200, "Alive.")


@public
def ready(_request: HttpRequest) -> HttpResponse:
    """200 when the database answers and is migrated, else 503; a broker that is away is named, no reason to stop."""
    try:
        stores.database()
        migrated = _is_migrated()
    except (OperationalError, InterfaceError):
        return _said(503, _NO_DATABASE)
    if not migrated:
        return _said(503, _NOT_MIGRATED)
    return _said(200, _READY if stores.broker().there else _NO_BROKER)


def look_again() -> None:
    """Forget which databases were found migrated."""
    _complete.clear()


def _is_migrated() -> bool:
    """Whether every migration of this version has been applied; once it has, this process need not look again."""
    name = str(connection.settings_dict["NAME"])
    if name not in _complete:
        try:
            loader = MigrationLoader(connection)
        except ProgrammingError:
            return False
        if not set(loader.disk_migrations) <= set(loader.applied_migrations):
            return False
        _complete.add(name)
    return True


def _said(status: int, sentence: str) -> HttpResponse:
    headers = {"Cache-Control": "no-store"} | ({"Retry-After": "5"} if status == 503 else {})
    return HttpResponse(f"{sentence}\n", status=status, content_type="text/plain; charset=utf-8", headers=headers)

"""Finds server processes that outlived the one that started them, by the folder they work in."""

import os
from pathlib import Path


def servers_in(folder: Path, program: str) -> list[int]:
    """Process ids of `program` whose working folder is `folder`; each costs two reads under /proc.

    PostgreSQL's backends and Valkey all change into their data folder, so this finds what a killed parent left,
    and nothing else: a shell that happens to stand there has another name.
    """
    wanted = os.path.realpath(folder)
    return [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and _name(entry) == program and _folder(entry) == wanted
    ]


def _name(entry: Path) -> str:
    try:
        return (entry / "comm").read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def _folder(entry: Path) -> str | None:
    try:
        return str((entry / "cwd").readlink())
    except OSError:
        return None

"""Reading rule files out of a zip that nobody has looked at.

Nothing is unpacked to the disk and no name is ever used as a path, so a name that climbs out of its folder does
nothing. What a member says about its size is not believed: never more is read than a rule file may hold.
"""

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from zlib import error as ZlibError  # noqa: N812  (a class, whatever zlib calls it)

from engine import RuleFileError

MAX_ZIP_BYTES = 300_000_000
MAX_MEMBERS = 50_000
MAX_TOTAL_BYTES = 300_000_000
_PLAIN_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others cannot be read a bounded piece at a time
_ENCRYPTED = 0x1
_SHOWN = 200


class Member(NamedTuple):
    """One file of a zip: its bytes (at most one more than the limit), or why it cannot be read."""

    name: str
    data: bytes
    problem: str = ""


def members_of(path: Path, suffixes: tuple[str, ...], limit_of: Callable[[str], int]) -> Iterator[Member]:
    """The zip's files with these endings, in the order of their names, each up to its limit in bytes and one.

    Raises: RuleFileError for a file that is no zip or outside the limits.
    """
    try:
        if path.stat().st_size > MAX_ZIP_BYTES:
            raise RuleFileError(path.name, None, "is over 300 MB; that is no collection of rules")
        with zipfile.ZipFile(path) as archive:
            yield from _members(archive, path, suffixes, limit_of)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, ValueError) as error:
        raise RuleFileError(path.name, None, "is not a zip that can be read") from error


def _members(
    archive: zipfile.ZipFile, path: Path, suffixes: tuple[str, ...], limit_of: Callable[[str], int]
) -> Iterator[Member]:
    wanted = [info for info in archive.infolist() if not info.is_dir() and info.filename.lower().endswith(suffixes)]
    if len(wanted) > MAX_MEMBERS:
        raise RuleFileError(path.name, None, f"holds over {MAX_MEMBERS:,} files")
    total = 0
    for info in sorted(wanted, key=lambda info: info.filename):
        member = _member(archive, info, limit_of(info.filename))
        total += len(member.data)
        if total > MAX_TOTAL_BYTES:
            raise RuleFileError(path.name, None, "unpacks to more than 300 MB; that is no collection of rules")
        yield member


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int) -> Member:
    name = shown_name(info.filename)
    if info.flag_bits & _ENCRYPTED:
        return Member(name, b"", "is encrypted")
    if info.compress_type not in _PLAIN_METHODS:
        return Member(name, b"", "is packed in a way that is not read here; use plain zip compression")
    try:
        with archive.open(info) as file:
            return Member(name, file.read(limit + 1))
    except (zipfile.BadZipFile, ZlibError, EOFError, OSError, ValueError, NotImplementedError):
        return Member(name, b"", "is damaged")


def shown_name(name: str) -> str:
    """A member's name as a report can show it: one line, without what a terminal would obey."""
    return "".join(character if character.isprintable() else "?" for character in name)[-_SHOWN:]

"""The one pass: which events each part of each rule lets in."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeAlias

from engine.errors import DocumentError
from engine.matcher import Expression, Matcher
from engine.running.events import Event, asks_for_names
from engine.tree import Tree

BATCH = 1_000

Part: TypeAlias = tuple[Hashable, Tree, tuple[str, ...]]
Failed: TypeAlias = Callable[[Hashable, Exception], None]
"""Told of a part that could not be asked of the events, and why; it lets in none then."""


def let_in(parts: Iterable[Part], events: Sequence[Event], failed: Failed | None = None) -> dict[Hashable, list[Event]]:
    """For each named part (tree and index patterns) the events it lets in, in the order given.

    An event that names no index satisfies every pattern. Fields `_index` and `_id` exist only for parts that name them.
    Raises: DocumentError; without `failed` also whatever goes wrong with a part.
    """
    named = list(parts)
    found: dict[Hashable, list[Event]] = defaultdict(list)
    for with_index in (True, False):
        chosen = [event for event in events if (event.index is not None) is with_index]
        asked = named if with_index else [(name, tree, ()) for name, tree, _ in named]
        for by_name in (True, False):
            some = [part for part in asked if asks_for_names(part[1]) is by_name]
            if chosen and some:
                for name, event in _matched(some, chosen, failed, by_name=by_name):
                    found[name].append(event)
    for matched in found.values():
        matched.sort(key=lambda event: event.line)
    return found


def _matched(
    parts: Sequence[Part], events: Sequence[Event], failed: Failed | None, *, by_name: bool
) -> list[tuple[Hashable, Event]]:
    """What the parts let in. Where that fails, each half of them by itself, so that only those that fail are lost."""
    try:
        return _together(parts, events, by_name=by_name)
    except DocumentError:
        raise
    except Exception as error:  # whatever a rule brings about must not cost the others their findings
        if failed is None:
            raise
        if len(parts) == 1:
            failed(parts[0][0], error)
            return []
    middle = len(parts) // 2
    halves = parts[:middle], parts[middle:]
    return [match for half in halves for match in _matched(half, events, failed, by_name=by_name)]


def _together(parts: Sequence[Part], events: Sequence[Event], *, by_name: bool) -> list[tuple[Hashable, Event]]:
    matcher = Matcher([Expression(str(number), tree, indices) for number, (_, tree, indices) in enumerate(parts)])
    found: list[tuple[Hashable, Event]] = []
    for start in range(0, len(events), BATCH):
        batch = events[start : start + BATCH]
        hits = matcher.match([(event.index or "", event.raw(named=by_name)) for event in batch])
        found += [(parts[int(hit.key)][0], batch[hit.row]) for hit in hits]
    return found

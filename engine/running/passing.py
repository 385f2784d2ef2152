"""The one pass: which events each part of each rule lets in."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence

from engine.matcher import Expression, Matcher
from engine.running.events import Event
from engine.tree import Tree

BATCH = 1_000


def let_in(
    parts: Iterable[tuple[Hashable, Tree, tuple[str, ...]]], events: Sequence[Event]
) -> dict[Hashable, list[Event]]:
    """For each named part (tree and index patterns) the events it lets in, in the order given.

    An event that names no index satisfies every pattern.
    """
    named = list(parts)
    found: dict[Hashable, list[Event]] = defaultdict(list)
    for group, with_patterns in ((True, True), (False, False)):
        chosen = [event for event in events if (event.index is not None) is group]
        if chosen:
            _match(named, chosen, found, with_patterns=with_patterns)
    for matched in found.values():
        matched.sort(key=lambda event: event.line)
    return found


def _match(
    parts: Sequence[tuple[Hashable, Tree, tuple[str, ...]]],
    events: Sequence[Event],
    found: dict[Hashable, list[Event]],
    *,
    with_patterns: bool,
) -> None:
    matcher = Matcher(
        [
            Expression(str(number), tree, indices if with_patterns else ())
            for number, (_, tree, indices) in enumerate(parts)
        ]
    )
    for start in range(0, len(events), BATCH):
        batch = events[start : start + BATCH]
        for hit in matcher.match([(event.index or "", event.raw()) for event in batch]):
            found[parts[int(hit.key)][0]].append(batch[hit.row])

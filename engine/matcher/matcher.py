"""A whole batch of events, all rules, one pass.

For every value of a field it is remembered which alternatives of the rules it does not refute; what is true of an
event is what all its values leave. So nothing is done per rule: an event costs a dozen look-ups, however many rules
there are. The way of an event:

    decode.py       only the fields that rules ask for are read
    signatures.py   its index and a few of its fields say to which group of events it belongs
    groups.py       the group's tables (masks.py over questions.py) leave the alternatives that are true
    endings.py      and these name the expressions

What cannot be said of one field alone is asked of the whole event by the interpreter, when all else holds. The answers
are those of engine/interpret.py; property tests hold the two together.
"""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from engine.collecting import without_collecting
from engine.document import Document
from engine.errors import DocumentError
from engine.indices import index_matches
from engine.interpret import matches
from engine.matcher.bounds import DEFAULT_BOUNDS, Bounds
from engine.matcher.building import made_of
from engine.matcher.decode import Event
from engine.matcher.dotted import may_have_dotted_keys
from engine.matcher.endings import Outcome
from engine.matcher.rules import Expression, Hit
from engine.matcher.signatures import Dispatcher

_UNREADABLE = (msgspec.DecodeError, RecursionError)


class Matcher:
    """All expressions of one rule set, ready to judge batches. Not to be shared between threads.

    Costs fifteen to thirty microseconds an event with two thousand rules, most of it reading JSON and meeting values
    for the first time; half of that when all values were met before. Building takes a tenth of a millisecond a rule.
    """

    def __init__(self, expressions: Sequence[Expression], bounds: Bounds = DEFAULT_BOUNDS) -> None:
        self._expressions = list(expressions)
        self._ground, self._made = made_of(self._expressions, bounds)
        self._dispatcher = Dispatcher(self._ground, [tuple(one.indices) for one in self._expressions])

    def match(self, events: Sequence[tuple[str, bytes]], *, normalised: bool = False) -> Iterator[Hit]:
        """The hits of a batch of (index, NDJSON line), in the order of its rows.

        `normalised` says that the lines come from the store, where every key is one part of a name. Else each line is
        first searched for dotted keys, for some microseconds.
        Raises: DocumentError with the row, for a line that is not one JSON object.
        """
        judge = self._judge(normalised)
        for row, (index, line) in enumerate(events):
            outcome = judge(index, line, row)
            if outcome is not None:
                for key in outcome.keys:
                    yield Hit(key, row)

    def rows(self, events: Sequence[tuple[str, bytes]], *, normalised: bool = False) -> dict[str, list[int]]:
        """As `match`, but for each key that hits the rows, ascending: for large batches."""
        touched: list[Outcome] = []
        try:
            with without_collecting():
                self._gather(events, normalised, touched)
            return _by_key(touched)
        finally:
            for outcome in touched:
                outcome.clear()

    def _gather(self, events: Sequence[tuple[str, bytes]], normalised: bool, touched: list[Outcome]) -> None:
        """Put every row into its outcome. The loop says again what `_judge` says, since a call for each event costs."""
        decode, dispatcher = self._ground.shape.decode, self._dispatcher
        signature_of, by_index = dispatcher.signature_of, dispatcher.by_index
        for row, (index, line) in enumerate(events):
            try:
                if normalised or not may_have_dotted_keys(line):
                    event = decode(line)
                    signatures = by_index.get(index)
                    group = signatures.get(signature_of(event)) if signatures is not None else None
                    if group is None:
                        group = dispatcher.meet(index, event)
                    outcome = group.judge(event, line)
                else:
                    outcome = self._in_full(index, line, row)
            except _UNREADABLE:
                outcome = self._in_full(index, line, row, nested=True)
            if outcome is not None:
                if not outcome:
                    touched.append(outcome)
                outcome.append(row)

    def keys_of(self, index: str, document: Document) -> list[str]:
        """The expressions that are true of one event."""
        outcome = self._of_document(index, document)
        return list(outcome.keys) if outcome is not None else []

    def _judge(self, normalised: bool) -> Callable[[str, bytes, int], Outcome | None]:
        """The function that judges one line; what it needs is bound to names once for a batch."""
        decode, dispatcher = self._ground.shape.decode, self._dispatcher
        signature_of, by_index = dispatcher.signature_of, dispatcher.by_index

        def judge(index: str, line: bytes, row: int) -> Outcome | None:
            try:
                if not normalised and may_have_dotted_keys(line):
                    return self._in_full(index, line, row)
                event = decode(line)
            except _UNREADABLE:
                return self._in_full(index, line, row, nested=True)
            signatures = by_index.get(index)
            group = None if signatures is None else signatures.get(signature_of(event))
            if group is None:
                group = dispatcher.meet(index, event)
            return group.judge(event, line)

        return judge

    def _in_full(self, index: str, line: bytes, row: int, *, nested: bool = False) -> Outcome | None:
        """A line that typed decoding cannot read, or would read otherwise. `nested`: it has no dotted keys."""
        try:
            return self._of_document(index, Document.of(line), nested=nested)
        except DocumentError as error:
            raise DocumentError(str(error), row) from error

    def _of_document(self, index: str, document: Document, *, nested: bool = False) -> Outcome | None:
        shape = self._ground.shape
        event: Event = shape.of_nested(document) if nested else shape.of_document(document)
        if event is None:
            return self._by_interpreter(index, document)
        return self._dispatcher.of(index, event).judge(event, document)

    def _by_interpreter(self, index: str, document: Document) -> Outcome | None:
        owners = {
            number
            for number, one in enumerate(self._expressions)
            if index_matches(one.indices, index) and matches(one.tree, document)
        }
        return self._ground.shelf.of(owners)


def _by_key(touched: Sequence[Outcome]) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = {}
    several = set()
    for outcome in touched:
        for key in outcome.keys:
            if key in rows:
                several.add(key)
                rows[key] += outcome
            else:
                rows[key] = list(outcome)
    for key in several:
        rows[key].sort()
    return rows

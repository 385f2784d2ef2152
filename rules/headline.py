"""The sentence that opens the rule list: the first thing worth knowing about the rules as a whole."""

from rules.listing import Counts


def headline(counts: Counts) -> tuple[str, str, str]:
    """The sentence in three parts; the middle one is what is wrong now, set in red, or empty."""
    if not counts.total:
        return "No rules are loaded yet.", "", ""
    rest = _rest(counts)
    if counts.quarantined:
        verb = "is" if counts.quarantined == 1 else "are"
        total = _number(counts.on + counts.quarantined, "enabled rule")
        return f"Of {total} ", f"{counts.quarantined} {verb} quarantined", f"{rest}."
    if not counts.on:
        return f"{_number(counts.total, 'rule')} loaded, and none is on: nothing raises an alert", "", f"{rest}."
    subject = "The one enabled rule is" if counts.on == 1 else f"All {counts.on} enabled rules are"
    return f"{subject} judging what arrives", "", f"{rest}."


def _rest(counts: Counts) -> str:
    said = []
    if counts.off:
        said.append(f"{counts.off} {'is' if counts.off == 1 else 'are'} off")
    if counts.not_evaluated:
        verb = "is" if counts.not_evaluated == 1 else "are"
        said.append(f"{counts.not_evaluated} {verb} not evaluated")
    if not said:
        return ""
    return f", and {said[0]}" if len(said) == 1 else f", {said[0]}, and {said[1]}"


def _number(count: int, word: str) -> str:
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"

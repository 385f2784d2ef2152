"""Whether a line may have a key with a dot in it, which typed decoding would not see."""

import re

# From the last dot of a text on: started at every dot and run to the end of the text, the search would take time
# quadratic in a text full of dots. JSON has no escaped dot.
_DOT_IN_A_KEY = re.compile(rb'\.[^".\\]*+(?:\\[^.][^".\\]*+)*+"\s*:')


def may_have_dotted_keys(line: bytes) -> bool:
    """Sometimes true without reason, never false with one. Two to five microseconds; also true of invalid UTF-8."""
    if _DOT_IN_A_KEY.search(line) is not None or b"\\u002" in line:
        return True
    if line.isascii():
        return False
    try:
        line.decode()
    except UnicodeDecodeError:
        return True
    return False

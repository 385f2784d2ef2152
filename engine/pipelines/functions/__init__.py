"""The scalar functions of ES|QL, by family, and all of them by name."""

from collections.abc import Mapping
from types import MappingProxyType

from engine.pipelines.functions.addresses import ADDRESSES
from engine.pipelines.functions.conditional import CONDITIONAL
from engine.pipelines.functions.conversion import CONVERTING
from engine.pipelines.functions.date_texts import WRITING
from engine.pipelines.functions.dates import DATING
from engine.pipelines.functions.encoding import ENCODING
from engine.pipelines.functions.geo import GEO
from engine.pipelines.functions.hashing import HASHING
from engine.pipelines.functions.json import JSON
from engine.pipelines.functions.math import MATHS
from engine.pipelines.functions.multivalues import MULTIVALUES
from engine.pipelines.functions.patterns import PATTERNS
from engine.pipelines.functions.shape import Function, Takes
from engine.pipelines.functions.strings import STRINGS
from engine.pipelines.functions.truncating import TRUNCATING

__all__ = ["FAMILIES", "SCALAR", "Function", "Takes"]

FAMILIES: Mapping[str, tuple[Function, ...]] = MappingProxyType(
    {
        "Text": STRINGS + PATTERNS,
        "Encodings": ENCODING,
        "Digests": HASHING,
        "JSON": JSON,
        "Numbers": MATHS,
        "Dates": DATING + WRITING + TRUNCATING,
        "Conversions": CONVERTING,
        "Choices": CONDITIONAL,
        "Several values": MULTIVALUES,
        "Addresses": ADDRESSES,
        "Places": GEO,
    }
)
SCALAR: Mapping[str, Function] = MappingProxyType(
    {function.name: function for family in FAMILIES.values() for function in family}
)
"""Every scalar function by its name in small letters."""

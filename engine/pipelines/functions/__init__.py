"""The scalar functions of ES|QL, by family, and all of them by name."""

from collections.abc import Mapping
from types import MappingProxyType

from engine.pipelines.functions.shape import Function, Takes
from engine.pipelines.functions.strings import STRINGS

__all__ = ["SCALAR", "Function", "Takes"]

SCALAR: Mapping[str, Function] = MappingProxyType({function.name: function for function in (*STRINGS,)})
"""Every scalar function by its name in small letters."""

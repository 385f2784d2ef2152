"""Places on earth as texts: well-known text, and latitude with longitude."""

import re

from engine.pipelines.types import Point

_NUMBER = r"[+-]?(?:[0-9]{1,20}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,3})?"
_WELL_KNOWN = re.compile(rf"\s*POINT\s*\(\s*({_NUMBER})\s+({_NUMBER})\s*\)\s*", re.IGNORECASE)
_PAIR = re.compile(rf"\s*({_NUMBER})\s*,\s*({_NUMBER})\s*")
_LONGEST = 200


def place_of(text: str) -> Point | None:
    """The place that a text tells: `POINT (longitude latitude)`, or `latitude, longitude`."""
    if len(text) > _LONGEST:
        return None
    if found := _WELL_KNOWN.fullmatch(text):
        return place_at(float(found[1]), float(found[2]))
    if found := _PAIR.fullmatch(text):
        return place_at(float(found[2]), float(found[1]))
    return None


def place_at(longitude: float, latitude: float) -> Point | None:
    """The place there; None where there is none on earth."""
    return Point(longitude, latitude) if -180 <= longitude <= 180 and -90 <= latitude <= 90 else None

"""Functions of places on earth.

Source: Elasticsearch's ES|QL reference, spatial functions; the mean radius of the earth is that of WGS 84.
"""

import math

from engine.pipelines.functions.kinds import POINT, checked, reading
from engine.pipelines.functions.shape import Function
from engine.pipelines.types import Point, Type, Value

_RADIUS_METRES = 6_371_008.7714


@reading(POINT)
def _distance(left: Point, right: Point) -> Value:
    """Metres along the surface of a ball, by the haversine."""
    first, second = math.radians(left.latitude), math.radians(right.latitude)
    north = math.sin((second - first) / 2) ** 2
    east = math.sin(math.radians(right.longitude - left.longitude) / 2) ** 2
    return 2 * _RADIUS_METRES * math.asin(math.sqrt(min(1.0, north + math.cos(first) * math.cos(second) * east)))


@reading(POINT)
def _x(point: Point) -> Value:
    return point.longitude


@reading(POINT)
def _y(point: Point) -> Value:
    return point.latitude


@reading(POINT)
def _same(left: Point, right: Point) -> Value:
    return left == right


@reading(POINT)
def _apart(left: Point, right: Point) -> Value:
    return left != right


_DOUBLE = checked(Type.DOUBLE, POINT)
_TRUTH = checked(Type.BOOLEAN, POINT)

GEO = (
    Function("st_distance", 2, 2, _DOUBLE, _distance),
    Function("st_x", 1, 1, _DOUBLE, _x),
    Function("st_y", 1, 1, _DOUBLE, _y),
    Function("st_xmin", 1, 1, _DOUBLE, _x),
    Function("st_xmax", 1, 1, _DOUBLE, _x),
    Function("st_ymin", 1, 1, _DOUBLE, _y),
    Function("st_ymax", 1, 1, _DOUBLE, _y),
    Function("st_intersects", 2, 2, _TRUTH, _same, any=True),
    Function("st_contains", 2, 2, _TRUTH, _same, any=True),
    Function("st_within", 2, 2, _TRUTH, _same, any=True),
    Function("st_disjoint", 2, 2, _TRUTH, _apart, any=True),
)

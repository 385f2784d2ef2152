"""Functions that make one type of another; each of several values is converted by itself.

Source: Elasticsearch's ES|QL reference, type conversion functions.
"""

from collections.abc import Sequence

from engine.pipelines.casts import CONVERSIONS, check_cast
from engine.pipelines.functions.several import each
from engine.pipelines.functions.shape import Function, Result, Takes
from engine.pipelines.types import Type

_NAMES: dict[str, Type] = {
    "to_boolean": Type.BOOLEAN,
    "to_bool": Type.BOOLEAN,
    "to_integer": Type.INTEGER,
    "to_int": Type.INTEGER,
    "to_long": Type.LONG,
    "to_unsigned_long": Type.UNSIGNED_LONG,
    "to_ulong": Type.UNSIGNED_LONG,
    "to_ul": Type.UNSIGNED_LONG,
    "to_double": Type.DOUBLE,
    "to_dbl": Type.DOUBLE,
    "to_string": Type.KEYWORD,
    "to_str": Type.KEYWORD,
    "to_text": Type.KEYWORD,
    "to_datetime": Type.DATETIME,
    "to_dt": Type.DATETIME,
    "to_date_nanos": Type.DATE_NANOS,
    "to_datenanos": Type.DATE_NANOS,
    "to_ip": Type.IP,
    "to_version": Type.VERSION,
    "to_ver": Type.VERSION,
    "to_geopoint": Type.GEO_POINT,
    "to_dateperiod": Type.DATE_PERIOD,
    "to_timeduration": Type.TIME_DURATION,
}


def _result(target: Type) -> Result:
    def of(types: Sequence[Type]) -> Type:
        check_cast(types[0], target)
        return target

    return of


CONVERTING = tuple(
    Function(name, 1, 1, _result(target), each(CONVERSIONS[target]), Takes.ALL) for name, target in _NAMES.items()
)

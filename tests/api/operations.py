"""The operations of the API as its own description tells them."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator


@dataclass(frozen=True)
class Operation:
    """One operation: where it is, and what its description says it needs."""

    name: str
    method: str
    path: str
    scope: str | None
    permission: str
    has_body: bool

    @property
    def names_object(self) -> bool:
        """Whether its address names something stored."""
        return "{" in self.path

    def address(self, named: dict[str, Any]) -> str:
        """The address below /api/v1/ with what it names."""
        return self.path.format(**{**named, **({"alert_id": named["in_case"]} if "/cases/" in self.path else {})})[8:]


@cache
def description() -> dict[str, Any]:
    """The whole OpenAPI description."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return schema


def operations() -> list[Operation]:
    """Every operation but sending events, which is agents' affair (tests/events)."""
    found = []
    for path, methods in description()["paths"].items():
        for method, told in methods.items():
            if "x-permission" in told:
                found.append(
                    Operation(
                        told["operationId"],
                        method.upper(),
                        path,
                        told["x-scope"],
                        told["x-permission"],
                        "requestBody" in told,
                    )
                )
    return found

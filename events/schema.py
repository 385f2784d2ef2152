"""How the OpenAPI description names our way of presenting a key."""

from typing import Any


def add_api_key(result: dict[str, Any], **_more: Any) -> dict[str, Any]:
    """Describe `Authorization: ApiKey <key>`; a post-processing hook of drf-spectacular."""
    schemes = result.setdefault("components", {}).setdefault("securitySchemes", {})
    schemes["ApiKey"] = {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`ApiKey ` followed by the key as it was shown when it was made.",
    }
    return result

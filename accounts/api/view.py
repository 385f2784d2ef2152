"""What every view of the API is: a method is an operation, which says its scope, its permission, its input and answer.

`operation` is the API's `accounts.access.page`: it checks who may, reads query and body strictly, writes the answer,
and describes all of it in OpenAPI, so that the description cannot differ from what happens.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import wraps
from typing import Any, TypeVar

from django.http import Http404
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.exceptions import NotAuthenticated
from rest_framework.response import Response
from rest_framework.serializers import Serializer, ValidationError
from rest_framework.views import APIView

from accounts.access import may, reason_against
from accounts.api.authentication import KeyAuthentication, SessionAuthentication
from accounts.api.moment import moment_of
from accounts.errors import KeyNotReplaced, NotAllowed, Refused
from accounts.models import ApiKey, Change, User
from accounts.roles import Permission
from accounts.scopes import Scope
from accounts.selectors import teams_of
from soc.web.api.body import AlwaysJson, JsonAnswer, JsonBody
from soc.web.api.errors import forbidden, handle, register
from soc.web.api.inputs import LARGEST_ID, Strict, query_data
from soc.web.api.openapi import Error

DOOR = Change.Door.API
_ALWAYS = (400, 401, 403, 429, 503)
_WITH_BODY = (413, 415, 422)
Handler = TypeVar("Handler", bound=Callable[..., Any])

register({NotAllowed: (403, "not_allowed"), Refused: (422, "refused"), KeyNotReplaced: (409, "not_replaced")})


class ApiView(APIView):
    """A noun of the API. While an operation runs, the attributes say who asks what, and when."""

    authentication_classes = (KeyAuthentication, SessionAuthentication)
    permission_classes = ()
    throttle_classes = ()
    parser_classes = (JsonBody,)
    renderer_classes = (JsonAnswer,)
    content_negotiation_class = AlwaysJson
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]
    user: User
    key: ApiKey | None
    teams: list[int]
    now: datetime
    query: dict[str, Any]
    body: dict[str, Any]

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """Refuse numbers that nothing stored can have, then look who calls."""
        super().initial(request, *args, **kwargs)
        if any(isinstance(value, int) and value > LARGEST_ID for value in kwargs.values()):
            raise Http404
        if any(isinstance(value, str) and "\x00" in value for value in kwargs.values()):
            raise Http404

    def get_exception_handler(self) -> Any:
        """Errors in our shape, whatever the settings say."""
        return handle

    def handle_exception(self, exc: Exception) -> Response:
        """The answer to an exception; what is not meant for clients goes on to the server's own handler."""
        response = handle(exc, {})
        if response is None:
            raise exc
        response.exception = True
        return response

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Answers are for one caller and one moment: nobody keeps them."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store")
        patch_vary_headers(response, ["Authorization", "Cookie"])
        return response

    @property
    def acting(self) -> dict[str, Any]:
        """Who acts, when, through which door: what every service asks for."""
        return {"actor": self.user, "now": self.now, "door": DOOR}

    @property
    def acting_in_teams(self) -> dict[str, Any]:
        """The same with the teams, for services that look things up."""
        return {**self.acting, "team_ids": self.teams}


def operation(
    operation_id: str,
    summary: str,
    *,
    scope: Scope | None,
    may_who: Permission = Permission.VIEW,
    answer: type[Serializer[Any]] | None,
    status: int = 200,
    query: type[Strict] | None = None,
    body: type[Strict] | None = None,
    errors: Sequence[int] = (),
    description: str = "",
    media_type: str = "application/json",
    examples: Mapping[str, Any] | None = None,
) -> Callable[[Handler], Handler]:
    """Make a method of an ApiView an operation. `errors` are those beside the ones that every operation has.

    Without a scope every key and every session may call it. The method returns what `answer` writes, or a Response.
    """

    def decorate(handler: Handler) -> Handler:
        @wraps(handler)
        def operate(view: ApiView, request: Any, **kwargs: Any) -> HttpResponseBase:
            _check(view, request, scope, may_who)
            view.query = _read_query(query, request)
            view.body = _read_body(body, request)
            found = handler(view, **kwargs)
            if isinstance(found, HttpResponseBase):
                return found
            return Response(None if answer is None else answer(found).data, status=status)

        described = extend_schema(
            operation_id=operation_id,
            summary=summary,
            description=_described(description, scope, may_who),
            parameters=[query] if query else None,
            request=body,
            responses=_responses((status, media_type), answer or OpenApiTypes.STR, body, errors),
            examples=[OpenApiExample(name, value=value, request_only=True) for name, value in (examples or {}).items()],
            extensions={"x-scope": scope.value if scope else None, "x-permission": may_who.value},
        )
        return described(operate)  # type: ignore[return-value]

    return decorate


def _check(view: ApiView, request: Any, scope: Scope | None, permission: Permission) -> None:
    """Who calls may call this. Raises: NotAuthenticated, ApiError, NotAllowed."""
    key, user = request.auth, request.user
    if isinstance(key, ApiKey) and scope is not None and scope.value not in key.scopes:
        raise forbidden("scope_missing", f"This key lacks the scope {scope.value}.")
    if not isinstance(user, User):
        if isinstance(key, ApiKey):
            raise forbidden("scope_missing", "This key sends events and acts for nobody.")
        raise NotAuthenticated
    if not may(user, permission):
        raise forbidden("role_lacks", reason_against(permission))
    view.user, view.key = user, key if isinstance(key, ApiKey) else None
    view.teams, view.now = teams_of(user), moment_of(request)


def _read_query(kind: type[Strict] | None, request: Any) -> dict[str, Any]:
    taken = kind or Strict
    asked = taken(data=query_data(taken, request.query_params))
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


def _read_body(kind: type[Strict] | None, request: Any) -> dict[str, Any]:
    if request.method in ("GET", "HEAD"):
        return {}
    sent = request.data
    if not isinstance(sent, Mapping):
        raise ValidationError({"body": ["Send an object."]})
    said = (kind or Strict)(data=dict(sent))
    said.is_valid(raise_exception=True)
    return dict(said.validated_data)


def _described(description: str, scope: Scope | None, permission: Permission) -> str:
    needs = f"Needs the scope `{scope.value}`" if scope else "Needs no scope"
    return f"{description}\n\n{needs}, and a role that may {permission.label}.".strip()


def _responses(good: tuple[int, str], answer: Any, body: type[Strict] | None, errors: Sequence[int]) -> dict[Any, Any]:
    refusals = sorted({*_ALWAYS, *(_WITH_BODY if body else ()), *errors})
    told: dict[Any, Any] = {204: None} if good[0] == 204 else {good: answer}  # 204 has no content of any kind
    return told | dict.fromkeys(((status, "application/json") for status in refusals), Error)

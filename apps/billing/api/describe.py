"""Words, parameters and examples of the description that several views share."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema

from apps.core import paging
from apps.core.rest import IDEMPOTENCY_KEY

PAGE = [
    OpenApiParameter("cursor", str, description="From the address in `next`; not to be made by hand."),
    OpenApiParameter(
        "page_size",
        {"type": "integer", "minimum": 1, "maximum": paging.MAX_SIZE, "default": paging.DEFAULT_SIZE},
        description="Rows per page.",
    ),
]
ONCE = "Takes no `Idempotency-Key`: it reaches out to the tax platform first, and can't happen twice; a repeat answers 409."
SIGNS = (
    "A signature is a person's: a signed-in one's, who may be asked for their second factor (403 `second_factor.needed`), "
    "or that of a key which acts in the name of somebody who agreed; then that person's rights, limits and delegations "
    "hold as well. Nobody signs what they filed (403 `approval.own`). Above the amount of the second look a key also needs "
    "the scope `money:approve_large`."
)


def listing(name: str, summary: str, answer: Any, *filters: OpenApiParameter, scope: str = "") -> Any:
    """A list by key."""
    return extend_schema(
        operation_id=name, summary=summary, parameters=[*PAGE, *filters], responses={200: answer},
        description=f"Follow `next` until it is null. {scope and f'Needs the scope `{scope}`.'}",
    )  # fmt: skip


def step(name: str, summary: str, shape: Any, answer: Any, **more: Any) -> Any:
    """A posting that may be repeated under an `Idempotency-Key`. More: `scope`, `says`, `example`, `status`."""
    scope, says = more.get("scope", ""), more.get("says", "")
    needs = f"Needs the scope `{scope}`." if scope else ""
    example = more.get("example")
    return extend_schema(
        operation_id=name, summary=summary, description=f"{says} {needs}".strip(),
        parameters=[IDEMPOTENCY_KEY], request=shape, responses={more.get("status", 200): answer},
        examples=[OpenApiExample("Body", value=example, request_only=True)] if example is not None else [],
    )  # fmt: skip


def filter_by(name: str, words: str, values: Any = None) -> OpenApiParameter:
    return OpenApiParameter(name, str, enum=values, description=words)

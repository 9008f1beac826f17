"""Words, parameters and examples for the OpenAPI description."""

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, PolymorphicProxySerializer

from apps.core import paging
from apps.core.rest import IDEMPOTENCY_KEY as IDEMPOTENCY_KEY
from apps.feedback.api.steps import STEPS

LIST = (
    "Pages by cursor: follow `next` until it is null. Rows that come in meanwhile neither repeat nor hide others. "
    "Personal data is not part of a row. Scope `tickets:read`."
)
CREATE = (
    "The same way in as the public form: the customer is found or made, the text classified, a priority computed, a "
    "department chosen, the deadlines started, all before the answer. Scope `tickets:write`."
)
TRANSITIONS = (
    "`name` says which step; the other members depend on it. A step that the state does not allow answers 409 "
    "`transition.impossible`. Scope `tickets:handle`; approving and declining solutions is for staff only."
)
MESSAGES = (
    "`customer` needs the scope `tickets:write`, everything else `tickets:handle`; both also need `tickets:read`."
)

PAGE = [
    OpenApiParameter("cursor", str, description="From the address in `next`; not to be made by hand."),
    OpenApiParameter(
        "page_size",
        {"type": "integer", "minimum": 1, "maximum": paging.MAX_SIZE, "default": paging.DEFAULT_SIZE},
        description="Rows per page.",
    ),
]
PERSONAL_DATA = OpenApiParameter(
    "personal_data",
    str,
    enum=["masked", "clear"],
    default="masked",
    description="`clear` needs the scope `personal_data:read`, and each value shown is recorded.",
)
REVEAL_REASON = OpenApiParameter(
    "reason", str, description="Why clear personal data is needed: a signed-in person must say it, a key may."
)

STEP_INPUT = PolymorphicProxySerializer(
    component_name="StepInput",
    serializers={name: type(step.shape) for name, step in STEPS.items()},
    resource_type_field_name="name",
)

_ROW = {
    "id": "01929e5c-7c00-7000-8000-000000000001",
    "number": "202405-001",
    "state": "pending",
    "kind": "complaint",
    "urgency": "normal",
    "channel": "api",
    "title": "洗衣机开机后异响",
    "category": "technical",
    "department": "service",
    "assignee": None,
    "customer": "01929e5c-7c00-7000-8000-000000000002",
    "priority_score": 12,
    "priority_level": "low",
    "escalated": False,
    "region": "浙江杭州",
    "product_text": "QC-WM80",
    "order_number": "DD20240501-17",
    "external_ref": "ERP/4711",
    "received_at": "2024-05-06T01:30:00Z",
    "accepted_at": None,
    "first_responded_at": None,
    "resolved_at": None,
    "closed_at": None,
    "closed_as": "",
    "satisfaction": None,
    "next_due_at": "2024-05-06T03:30:00Z",
    "next_due_metric": "acceptance",
    "tags": ["批次b2605"],
    "nudges": 0,
    "repeat_of": None,
    "merged_into": None,
    "parent": None,
    "is_drill": False,
}
PAGE_EXAMPLE = OpenApiExample(
    "One row",
    value={"results": [_ROW], "next": "https://desk.example.com/api/v1/tickets/?state=pending&cursor=MDE5Mjll"},
    response_only=True,
)
CREATE_EXAMPLES = [
    OpenApiExample(
        "Complaint",
        value={
            "text": "洗衣机开机后异响，已经第三天了，请安排上门检查。",
            "contact": {"name": "张三", "phone": "13812345678"},
            "kind": "complaint",
            "product": "QC-WM80",
            "order_number": "DD20240501-17",
            "region": "浙江杭州",
            "external_ref": "4711",
        },
        request_only=True,
    ),
    OpenApiExample("Registered", value=_ROW, response_only=True, status_codes=["201"]),
]
STEP_EXAMPLES = [
    OpenApiExample(
        "Assign", value={"name": "assign", "department": "quality", "reason": "批次问题"}, request_only=True
    ),
    OpenApiExample("Accept", value={"name": "accept"}, request_only=True),
    OpenApiExample(
        "Resolve", value={"name": "resolve", "result": "已于5月8日上门更换轴承，试机正常。"}, request_only=True
    ),
]
PLAN_EXAMPLE = OpenApiExample(
    "Plan",
    value={"steps": "5月8日上门检测轴承，必要时更换。", "promised_at": "2024-05-08T18:00:00+08:00"},
    request_only=True,
)
MESSAGE_EXAMPLE = OpenApiExample("Reply", value={"kind": "reply", "body": "工程师将于5月8日上门。"}, request_only=True)

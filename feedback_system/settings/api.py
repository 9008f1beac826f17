"""The REST API and its description."""

from .ground import env

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.accounts.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["apps.core.wire.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["apps.core.wire.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "apps.core.wire.JSONOnly",
    "DEFAULT_THROTTLE_CLASSES": ["apps.core.throttling.ClientThrottle"],
    "DEFAULT_METADATA_CLASS": None,  # the OpenAPI description tells more than OPTIONS could
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "EXCEPTION_HANDLER": "apps.core.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
}
API_REQUESTS_PER_MINUTE = env.int(
    "API_REQUESTS_PER_MINUTE", default=3_000
)  # of one key or member of staff; 0: no limit
SPECTACULAR_SETTINGS = {
    "TITLE": "Feedback system API",
    "VERSION": "1.0.0",
    "DESCRIPTION": "Register feedback, follow it and move it on. How to begin: docs/integrators.md.",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "feedback_system.api.describe_problems",
    ],
    "ENUM_NAME_OVERRIDES": {
        "TicketState": "apps.feedback.states.TicketState",
        "TicketKind": "apps.core.vocabulary.Kind",
        "MessageKind": "apps.feedback.states.MessageKind",
        "RejectReason": "apps.feedback.states.RejectReason",
        "Metric": "apps.sla.states.Metric",
        "Channel": "apps.core.vocabulary.Channel",
        "ContactChannel": "apps.core.vocabulary.ContactChannel",
        "InvoiceState": "apps.billing.states.InvoiceState",
        "InvoiceKind": "apps.billing.states.InvoiceKind",
        "VoidState": "apps.billing.states.VoidState",
        "VoidCheckKind": "apps.billing.states.CheckKind",
        "InvoiceFact": "apps.billing.states.Fact",
        "RedFormKind": "apps.billing.states.FormKind",
        "RedFormState": "apps.billing.states.FormState",
        "RefundState": "apps.billing.states.RefundState",
        "RefundKind": "apps.billing.states.RefundKind",
        "PayChannel": "apps.billing.states.PayChannel",
        "AttemptState": "apps.billing.states.AttemptState",
        "BatchState": "apps.billing.states.BatchState",
        "DifferenceState": "apps.billing.states.DifferenceState",
        "DifferenceKind": "apps.billing.states.DifferenceKind",
        "CancellationState": "apps.billing.states.CancellationState",
        "CancellationKind": "apps.billing.states.CancellationKind",
        "CancellationCheckKind": "apps.billing.states.CancellationCheckKind",
        "SigningStep": "apps.billing.states.Step",
        "OrderState": "apps.crm.states.OrderState",
        "RegulatorOutcome": "apps.feedback.models.RegulatorCase.Outcome",
        "RowOutcome": "apps.core.bulk.OUTCOMES",
        "WaitingKind": ["void_request", "refund", "bank_batch"],
    },
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SCHEMA_PATH_PREFIX": r"/api/v1",
}

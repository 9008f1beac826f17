"""The SMS gateway's door for customers' replies (SUR-02)."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from apps.core.errors import DomainError
from apps.feedback.services import survey_sms
from apps.feedback.services.survey_sms import Incoming
from apps.notifications.adapters import sms_inbound


@csrf_exempt
@require_POST
def replies(request: HttpRequest) -> JsonResponse:
    """A signed push; 200 with `{"status": "taken" | "known"}`, also for what nobody can make sense of."""
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > sms_inbound.MAX_BODY:
            raise DomainError("sms.unreadable")
        pushed = sms_inbound.opened(
            request.body,
            timestamp=request.headers.get("X-Sms-Timestamp", ""),
            signature=request.headers.get("X-Sms-Signature", ""),
        )
    except DomainError as error:
        return JsonResponse({"code": error.code, "detail": error.words}, status=error.status)
    _reply, new = survey_sms.take(Incoming(pushed.id, pushed.sender, pushed.text, pushed.at))
    return JsonResponse({"status": "taken" if new else "known"})

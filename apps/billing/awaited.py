"""What a request in the state `awaiting_form` really waits for: our form may not even have been entered (VOI-05, VOI-12)."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.billing.adapters.tax import manual
from apps.billing.models import RedForm, TaxOperation, VoidRequest
from apps.billing.states import FORM_ALIVE, OPEN_ATTEMPTS, FormState, Starter, VoidState

OURS, OURS_AGAIN = _("red form to be entered by us"), _("red form to be entered again by us")
BUYERS, BUYERS_AGAIN = _("red form to be entered by the buyer"), _("red form to be entered again by the buyer")
BY_HAND = _("red form to be entered on the tax bureau's site")
SECOND_PERSON = _("red form entered, a second person confirms it")
ON_ITS_WAY = _("red form on its way to the tax platform")
OLD_ONE = _("old red form to be withdrawn first")
CONFIRMATIONS: dict[str, str | Promise] = {
    FormState.WAITS_FOR_BUYER: _("waits for the buyer's confirmation"),
    FormState.WAITS_FOR_SELLER: _("waits for our confirmation"),
}


def words(requests: Iterable[VoidRequest]) -> dict[UUID, str]:
    """By request, those that wait for a form only; two queries, none where no request does. Rules must be joined."""
    waiting = {request.pk: request for request in requests if request.state == VoidState.AWAITING_FORM}
    forms: dict[UUID, list[RedForm]] = {key: [] for key in waiting}
    calls: dict[UUID, list[TaxOperation]] = {key: [] for key in waiting}
    for form in RedForm.objects.filter(request__in=waiting).order_by("entered_at", "id"):
        forms[form.request_id].append(form)
    verbs = (TaxOperation.Verb.FORM, TaxOperation.Verb.WITHDRAW)
    for call in TaxOperation.objects.filter(request__in=waiting, verb__in=verbs).defer("by_hand").order_by("id"):
        calls[call.request_id].append(call)
    return {key: str(_word(request, forms[key], calls[key])) for key, request in waiting.items()}


def word(request: VoidRequest) -> str:
    """The same for one request; "" in any other state."""
    return words([request]).get(request.pk, "")


def _word(request: VoidRequest, forms: Sequence[RedForm], calls: Sequence[TaxOperation]) -> str | Promise:
    alive = next((form for form in forms if form.state in FORM_ALIVE), None)
    if alive is not None and any(
        call.form_id == alive.pk and call.verb == TaxOperation.Verb.WITHDRAW for call in calls
    ):
        return OLD_ONE
    if alive is not None:
        return CONFIRMATIONS.get(alive.state, alive.get_state_display())
    entering = next((c for c in calls if c.verb == TaxOperation.Verb.FORM and c.state in OPEN_ATTEMPTS), None)
    if entering is not None and entering.adapter == manual.NAME:
        return BY_HAND if entering.recorded_by_id is None else SECOND_PERSON
    if entering is not None:
        return ON_ITS_WAY
    if request.rule is not None and request.rule.starter == Starter.BUYER:
        return BUYERS_AGAIN if forms else BUYERS
    return OURS_AGAIN if forms else OURS

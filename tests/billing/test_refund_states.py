"""Every transition of a refund from every state: those that are not drawn leave nothing behind (REF-01)."""

import pytest

from apps.accounts.roles import Role
from apps.billing.models import Payment, Refund, RefundAttempt
from apps.billing.states import RefundState as S
from apps.core.actors import SYSTEM
from apps.core.errors import DomainError
from apps.journal import transitions
from apps.journal.models import Event
from apps.notifications.models import OutgoingMessage
from tests.factories import staff_actor
from tests.money import refund

pytestmark = pytest.mark.django_db

ALLOWED = {
    "sign": {S.CREATED: S.CREATED},
    "approve": {S.CREATED: S.APPROVED},
    "reject": {S.CREATED: S.REJECTED, S.APPROVED: S.REJECTED},
    "cancel": {S.CREATED: S.CANCELLED, S.APPROVED: S.CANCELLED, S.NEEDS_FALLBACK: S.CANCELLED},
    "send": {S.APPROVED: S.PROCESSING},
    "lose_track": {S.PROCESSING: S.UNKNOWN},
    "succeed": {S.PROCESSING: S.SUCCEEDED, S.UNKNOWN: S.SUCCEEDED},
    "fail": {S.PROCESSING: S.NEEDS_FALLBACK, S.UNKNOWN: S.NEEDS_FALLBACK, S.BOUNCED: S.NEEDS_FALLBACK},
    "bounce": {S.SUCCEEDED: S.BOUNCED},
    "reroute": {S.NEEDS_FALLBACK: S.CREATED},
    "redirect": {S.APPROVED: S.CREATED},
    "approve_by_rule": {S.CREATED: S.APPROVED},
    "succeed_late": dict.fromkeys([S.NEEDS_FALLBACK, S.CREATED, S.APPROVED, S.REJECTED, S.CANCELLED], S.SUCCEEDED),
}


class Signed:
    pk, step = "a", "finance"


def data_for(name, request):
    if name in ("sign", "approve"):
        return {"approval": Signed}
    if name == "approve_by_rule":
        return {"rule": Signed}
    if name in ("send", "lose_track", "succeed", "fail", "bounce", "succeed_late"):
        return {"attempt": RefundAttempt(refund=request, number="R1", channel="alipay", failure="X")}
    if name in ("reroute", "redirect"):
        return {"channel": "bank", "by": "transfer"}
    return {}


@pytest.mark.parametrize("name", ALLOWED)
@pytest.mark.parametrize("state", S.values)
def test_every_pair(name, state):
    request = refund()
    Refund.objects.filter(pk=request.pk).update(state=state)
    events, reserved = Event.objects.count(), Payment.objects.get().reserved
    request = Refund.objects.get(pk=request.pk)
    target = ALLOWED[name].get(state)

    if target is not None:
        assert transitions.apply(request, name, actor=SYSTEM, **data_for(name, request)).state == target
        assert Event.objects.count() == events + 1
        return
    with pytest.raises(DomainError) as caught:
        transitions.apply(request, name, actor=SYSTEM, **data_for(name, request))

    assert caught.value.code == "transition.impossible"
    fresh = Refund.objects.get(pk=request.pk)
    assert (fresh.state, fresh.version, fresh.settled_at) == (state, request.version, request.settled_at)
    assert (Event.objects.count(), Payment.objects.get().reserved) == (events, reserved)
    assert not OutgoingMessage.objects.exists()


def test_all_transitions_are_in_the_table():
    assert {t.name for t in Refund._meta.get_field("state").get_all_transitions(Refund)} == set(ALLOWED)


@pytest.mark.parametrize("name", ["send", "succeed", "bounce", "redirect"])
def test_who_may_not_pay_changes_nothing(name):
    request = refund()
    source = next(iter(ALLOWED[name]))
    Refund.objects.filter(pk=request.pk).update(state=source)
    with pytest.raises(DomainError) as caught:
        transitions.apply(request, name, actor=staff_actor(Role.SERVICE_STAFF), **data_for(name, request))
    assert caught.value.code == "core.not_allowed"
    assert Refund.objects.get().state == source

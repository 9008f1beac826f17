"""Following red forms on the tax platform: who has to confirm is reminded, what lapsed is entered anew (VOI-12)."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from apps.billing import events
from apps.billing.adapters import registry
from apps.billing.adapters.base import Proof
from apps.billing.models import RedForm, TaxOperation, VoidRequest
from apps.billing.services import form_withdrawals, red_forms
from apps.billing.states import FORM_ALLOWS_RED, FORM_WAITS, AttemptState, FormState, Starter, VoidState
from apps.core import clock, locks
from apps.core.actors import system
from apps.core.errors import DomainError
from apps.journal import events as journal
from apps.journal.events import ref
from apps.sla.models import Deadline
from apps.sla.services import deadlines
from apps.sla.services.deadlines import Facts
from apps.sla.states import Metric

logger = logging.getLogger(__name__)

TAX = system("tax")
EVERY = timedelta(minutes=1)  # a form that waits is asked about
CONFIRMED_EVERY = timedelta(minutes=10)  # a confirmed one that waits for its red invoice: it may be withdrawn
REMIND_AT = (timedelta(hours=72), timedelta(hours=24), timedelta(hours=6))  # left until it lapses: at once, later, last
LET_GO = Exists(TaxOperation.objects.filter(form=OuterRef("pk"), verb=TaxOperation.Verb.WITHDRAW))
MOST_FORMS = 3  # entered by the system for one request; then a person decides


def follow(limit: int = 50) -> int:
    """Ask after the forms that are due for it, remind, and enter lapsed ones anew. Idempotent; how many were asked."""
    form_withdrawals.let_go_left_behind()
    asked = 0
    for form in _due(clock.now(), limit):
        _start_clock(form)
        asked += ask(form)
    for form in _waiting_for_buyer():
        remind(form)
    stop_clocks()
    renew_lapsed()
    return asked


def _due(now: datetime, limit: int) -> list[RedForm]:
    """Taken under a lock and marked at once: two workers don't ask about the same form."""
    due = Q(state__in=FORM_WAITS) & (Q(looked_at=None) | Q(looked_at__lt=now - EVERY))
    due |= (
        Q(state__in=FORM_ALLOWS_RED)
        & (Q(request__state=VoidState.READY) | LET_GO)
        & (Q(looked_at=None) | Q(looked_at__lt=now - CONFIRMED_EVERY))
    )
    with transaction.atomic():
        forms = locks.claim(RedForm.objects.filter(due).order_by("looked_at", "id"), limit)
        RedForm.objects.filter(pk__in=[form.pk for form in forms]).update(looked_at=now)
    return forms


def ask(form: RedForm) -> bool:
    """What the platform says of the form now; holds no lock across the call. Whether it could be asked."""
    if not form.number:
        return False  # the buyer's, that nobody has found there yet
    operation = form.operations.exclude(adapter="").order_by("id").first()
    try:
        outcome = registry.tax_adapter(operation.adapter if operation else "").form(form.number)
    except Exception as error:  # a question changes nothing: it is asked again
        logger.warning("red form %s: %s", form.pk, type(error).__name__)
        return False
    if outcome.proof != Proof.SUCCEEDED:
        return False
    try:
        red_forms.change(form, outcome.form_state, actor=TAX)
    except DomainError as error:
        logger.info("red form %s stays: %s", form.pk, error.code)
    return True


# The 72 hours ---------------------------------------------------------------------------------------------------------


def _start_clock(form: RedForm) -> None:
    """One deadline per form, from when it was entered to when it lapses by the rule of its day."""
    if form.confirm_by is None or Deadline.objects.filter(subject_id=form.pk).exists():
        return
    request = VoidRequest.objects.select_related("ticket").get(pk=form.request_id)
    department = request.ticket.department_id if request.ticket else None
    facts = Facts(kind="", urgency="", channel="", tier="", department_id=department)
    with transaction.atomic():
        locks.row(RedForm, form.pk)
        if Deadline.objects.filter(subject_id=form.pk).exists() or form.is_let_go:
            return
        for deadline in deadlines.start(form, [Metric.RED_FORM], facts, at=form.entered_at):
            if deadline.due_at != form.confirm_by:
                rule = request.rule.basis if request.rule else ""
                deadlines.fix_due(deadline, form.confirm_by, actor=TAX, reason=rule)


def stop_clocks() -> int:
    """Deadlines of forms that wait no longer: confirmed in time is met, anything else is not asked for any more."""
    open_ones = Deadline.objects.filter(metric=Metric.RED_FORM, state="open").values_list("subject_id", flat=True)
    over = RedForm.objects.filter(pk__in=list(open_ones)).exclude(state__in=FORM_WAITS)
    for form in over:
        at = form.settled_at or clock.now()
        if form.state in FORM_ALLOWS_RED:
            deadlines.meet(form, Metric.RED_FORM, at=at)
        else:
            deadlines.cancel(form, [Metric.RED_FORM], at=at)
    return len(over)


def _waiting_for_buyer() -> list[RedForm]:
    """With a reminder due: more of their time has passed than reminders went out."""
    rows = RedForm.objects.filter(~LET_GO, state=FormState.WAITS_FOR_BUYER, confirm_by__gt=clock.now())
    return [form for form in rows.filter(reminded__lt=len(REMIND_AT)) if _reminders_due(form) > form.reminded]


def _reminders_due(form: RedForm) -> int:
    if form.confirm_by is None:
        return 0
    left = form.confirm_by - clock.now()
    return sum(left <= mark for mark in REMIND_AT)


def remind(form: RedForm) -> bool:
    """Record that the buyer is to be reminded; the message follows from the event, once. Late is one, not three."""
    with transaction.atomic():
        request = locks.row(VoidRequest, form.request_id)
        fresh = locks.row(RedForm, form.pk)
        due = _reminders_due(fresh)
        if fresh.state != FormState.WAITS_FOR_BUYER or fresh.is_let_go or due <= fresh.reminded:
            return False
        fresh.reminded = due
        fresh.save(update_fields=["reminded"])
        data = {"form": str(fresh.pk), "reminder": due, "confirm_by": fresh.confirm_by}
        journal.record(events.VOID_FORM_REMINDED, subject=request, actor=TAX, data=data)
        return True


def renew_lapsed() -> int:
    """Enter another form where the last one lapsed after 72 hours; how many. After some a person decides."""
    renewed = 0
    for request in VoidRequest.objects.filter(state=VoidState.AWAITING_FORM, forms__state=FormState.LAPSED).distinct():
        forms = list(request.forms.order_by("-entered_at", "-id"))
        last = forms[0]
        called_since = request.operations.filter(
            verb=TaxOperation.Verb.FORM, created_at__gt=last.settled_at or last.entered_at
        )
        if last.state != FormState.LAPSED or last.starter != Starter.SELLER or len(forms) >= MOST_FORMS:
            continue
        if called_since.exclude(state=AttemptState.FAILED).exists() or called_since.count() >= MOST_FORMS:
            continue
        try:
            red_forms.enter(request, actor=TAX)
            renewed += 1
        except DomainError as error:
            logger.info("void request %s: no new form, %s", request.number, error.code)
    return renewed


def deadline_of(form: RedForm) -> Deadline | None:
    """The form's clock, open or over."""
    return Deadline.objects.filter(subject_id=ref(form).id, metric=Metric.RED_FORM).first()

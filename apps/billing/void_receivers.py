"""What this room does when it hears of a void request. Each runs exactly once per event (journal.deliveries)."""

from datetime import timedelta

from django.conf import settings
from django.urls import reverse

from apps.accounts.roles import Role
from apps.accounts.selectors import with_role
from apps.billing import events
from apps.billing.adapters.tax import manual
from apps.billing.models import MonthEndWarning, RedForm, TaxOperation
from apps.billing.services import month_end
from apps.billing.states import FORM_ALIVE, FormState
from apps.core import clock
from apps.feedback.selectors import rules
from apps.feedback.services import announcements
from apps.journal.models import Event
from apps.journal.receivers import on
from apps.notifications.services import outbox


@on(events.VOID_FORM_REMINDED, name="billing.remind_buyer")
def remind_buyer(event: Event) -> None:
    """Who bought is asked to confirm; by the ticket's own way where there is one (VOI-12)."""
    forms = RedForm.objects.select_related("request__invoice__customer", "request__ticket__customer")
    form = forms.get(pk=event.data["form"])
    if form.state != FormState.WAITS_FOR_BUYER or form.is_let_go:
        return
    invoice, ticket = form.request.invoice, form.request.ticket
    facts = {"invoice": str(invoice), "until": form.confirm_by or ""}
    if ticket is not None:
        announcements.to_customer(ticket, "red_form_reminder", event, **facts)
        return
    customer = invoice.customer
    if customer is None or customer.restricted_at is not None or not (customer.email or customer.phone):
        return  # nobody is known; finance sees the form's deadline
    to = outbox.Recipient(email=customer.email, phone=customer.phone, name=customer.name)
    context = {"number": form.request.number, "link": "", "contact": rules().hotline, **facts}
    way = outbox.channel_for(customer.preferred_channel, to)
    outbox.send("red_form_reminder", to=to, context=context, event=event, language=customer.language, channel=way)


@on(events.VOID_FORM_LET_GO, name="billing.red_form_by_hand")
def red_form_by_hand(event: Event) -> None:
    """A form that was entered by hand is withdrawn by hand: the request has ended, nobody looks at its page."""
    if TaxOperation.objects.filter(pk=event.data["operation"], adapter=manual.NAME).exists():
        _still_alive(event)


@on(events.VOID_FORM_STAYS, name="billing.red_form_stays")
def red_form_stays(event: Event) -> None:
    """The tax platform did not withdraw the form of a request that has ended."""
    _still_alive(event)


def _still_alive(event: Event) -> None:
    form = RedForm.objects.select_related("request").get(pk=event.data["form"])
    if form.state not in FORM_ALIVE:
        return
    failure = event.data.get("code", "")
    facts = {"request": form.request.number, "form": form.number, "failure": f"({failure})" if failure else ""}
    link = reverse("desk:void_request", args=[form.request.number])
    finance = with_role(Role.FINANCE_OFFICER, Role.FINANCE_MANAGER)
    outbox.notify_many(finance, "red_form_stays", context=facts, event=event, link=link)


@on(events.MONTH_END_WARNED, name="billing.month_end_voids")
def month_end_voids(event: Event) -> None:
    """Finance hears of it in the desk and by e-mail: an evening at home counts here (VOI-11)."""
    row = MonthEndWarning.objects.get(pk=event.subject_id)
    last = clock.local(month_end.next_month(event.at)).date() - timedelta(days=1)
    numbers = ", ".join(event.data.get("requests", []))
    facts = {"count": row.requests, "amount": event.data["amount"], "requests": numbers, "day": last.isoformat()}
    finance = with_role(Role.FINANCE_OFFICER, Role.FINANCE_MANAGER)
    link = reverse("desk:month_end")
    outbox.notify_many(finance, "month_end_voids", context=facts, event=event, link=link)
    for user in finance:
        if user.email:
            outbox.send(
                "month_end_voids", to=outbox.Recipient(user=user), context={"link": f"{settings.PUBLIC_URL}{link}", **facts}, event=event,
                language=user.language, channel="email",
            )  # fmt: skip

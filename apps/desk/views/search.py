"""The box at the top of the queue: a number leads to its ticket, a phone to its customer, words to what holds them."""

import re
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.accounts.principals import actor_for
from apps.crm.selectors import find_customer
from apps.feedback.models import Ticket
from apps.feedback.selectors import search
from apps.feedback.selectors.queue import Tab

_MONTH = re.compile(r"20\d{4}(-\d*)?")
_PERSONAL = re.compile(r"\S+@\S+\.\S+|\+?[\d\s()-]{11,20}")  # an e-mail address or a phone number


@require_POST
def find(request: HttpRequest) -> HttpResponse:
    """It is posted, so that no phone number stands in an address or a log; words do, and can be sent to a colleague."""
    actor, text = actor_for(request), " ".join(request.POST.get("find", "").replace("\x00", "").split())
    text, queue = text[: search.LONGEST], reverse("admin:desk_queue")
    if not text:
        return redirect(queue)
    exact = Ticket.objects.listed_for(actor).filter(number=text).values_list("number", flat=True).first()
    if exact:
        return redirect("admin:desk_ticket", exact)
    customer = find_customer(text, actor)
    if customer is not None:
        return redirect(f"{queue}?{urlencode({'tab': Tab.ANY, 'customer': customer.pk})}")
    if _MONTH.fullmatch(text):
        return redirect(f"{queue}?{urlencode({'tab': Tab.ANY, 'number': text})}")
    if _PERSONAL.fullmatch(text):
        messages.warning(request, _("No customer has this phone number or e-mail address."))
        return redirect(queue)
    if not search.parse(text).asks:
        messages.warning(request, _("There is nothing to look for in this. Type a word, or a number."))
        return redirect(queue)
    return redirect(f"{queue}?{urlencode({'tab': Tab.ANY, 'q': text})}")

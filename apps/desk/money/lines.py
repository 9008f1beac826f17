"""Which lines of an invoice are undone, as people type it: nothing for the whole, a quantity or an amount for a part."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from apps.billing.models import Invoice, InvoiceLine, VoidReason
from apps.billing.services import balance
from apps.billing.services.balance import Ask, Portion
from apps.core import money
from apps.core.errors import DomainError
from apps.desk.forms.base import TextArea
from apps.desk.money.forms import MoneyForm

WHOLE, PART = "whole", "part"


@dataclass(frozen=True, slots=True)
class TypedLine:
    """A line of the form: what is left of it, and what was typed."""

    line: InvoiceLine
    left: Portion
    quantity: str
    net: str


def typed_lines(invoice: Invoice, data: Mapping[str, Any]) -> list[TypedLine]:
    lines = list(InvoiceLine.objects.filter(invoice=invoice).order_by("position"))
    return [
        TypedLine(
            line, balance.left(line), data.get(f"quantity-{line.position}", ""), data.get(f"net-{line.position}", "")
        )
        for line in lines
    ]


def asks(lines: list[TypedLine], reason: VoidReason | None) -> list[Ask]:
    """What is asked for of each line that something was typed for. Raises DomainError `void.lines_missing`, `sheet.amount`.

    Only what the reason lets change is read: a quantity where the quantity may change, else an amount.
    """
    found = []
    for typed in lines:
        quantity, net = _number(typed.quantity), _number(typed.net)
        if quantity is None and net is None:
            continue
        by_amount = net is not None and (reason is None or reason.amount or quantity is None)
        found.append(Ask(typed.line, quantity or Decimal(0), net if by_amount else None))
    if not found:
        raise DomainError("void.lines_missing", field="lines")
    return found


def _number(text: str) -> Decimal | None:
    text = text.strip()
    if not text:
        return None
    number = money.read(text)
    if number is None or number < 0:
        raise DomainError("sheet.amount", field="lines", value=text)
    return number or None


class ResubmitForm(MoneyForm):
    """A rejected request, filed again with other words or other lines."""

    name = "resubmit"
    has_lines = True
    words = forms.CharField(label=gettext_lazy("Why, in your words"), required=False, widget=TextArea(3))
    scope = forms.ChoiceField(
        label=gettext_lazy("How much"), widget=forms.RadioSelect, required=False,
        choices=[(WHOLE, gettext_lazy("Everything that is left")), (PART, gettext_lazy("Some of it"))],
    )  # fmt: skip

    def prepare(self) -> None:
        self.fields["words"].initial = self.case.words
        self.fields["scope"].initial = WHOLE if self.case.whole else PART
        kept = {}
        if not self.is_bound and not self.case.whole:
            for part in self.case.lines.select_related("line"):
                kept[f"quantity-{part.line.position}"] = f"{part.quantity.normalize():f}" if part.quantity else ""
                kept[f"net-{part.line.position}"] = "" if part.quantity else f"{part.net:f}"
        self.typed = typed_lines(self.case.invoice, self.data if self.is_bound else kept)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        data["asks"] = []
        if data.get("scope") == PART:
            try:
                data["asks"] = asks(self.typed, self.case.reason)
            except DomainError as error:
                self.add_error(None, forms.ValidationError(error.words))
        return data

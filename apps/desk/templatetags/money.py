"""Figures of invoices and words of their states."""

from datetime import timedelta
from decimal import Decimal

from django import template

from apps.billing.states import FormState, Method, PayChannel
from apps.desk import words

register = template.Library()


@register.filter
def plain(value: Decimal | None) -> str:
    """`1.500000` → `1.5`."""
    if value is None:
        return "—"
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@register.filter
def percent(rate: Decimal) -> str:
    """`0.1300` → `13 %`."""
    return f"{plain(rate * 100)} %"


@register.filter
def form_state_word(value: str) -> str:
    return str(FormState(value).label) if value in FormState.values else value


@register.filter
def channel_word(value: str) -> str:
    return str(PayChannel(value).label) if value in PayChannel.values else value


@register.filter
def method_word(value: str) -> str:
    return str(Method(value).label) if value in Method.values else value


@register.filter
def lasting(length: timedelta) -> str:
    """`2 d 3 h`."""
    return words.duration(length)

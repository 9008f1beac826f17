"""Figures of invoices and words of their states."""

from datetime import timedelta
from decimal import Decimal

from django import template
from django.utils.translation import gettext as _

from apps.billing import failures
from apps.billing.states import FormState
from apps.desk import words
from apps.desk.money import refund_view

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
def way_word(method: str, channel: str) -> str:
    """`Alipay · original route`."""
    return refund_view.way(channel, method)


@register.filter
def failure_word(code: str) -> str:
    return failures.told(code)


@register.filter
def lasting(length: timedelta) -> str:
    """`2 d 3 h`."""
    return words.duration(length)


@register.filter
def adapter_word(name: str) -> str:
    """By which way the tax platform was asked."""
    return {"manual": _("on the tax bureau's site"), "open_platform": _("tax platform")}.get(name, name)

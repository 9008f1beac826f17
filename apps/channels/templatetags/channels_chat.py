from django import template
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

register = template.Library()


@register.simple_tag
def company_name() -> str:
    return settings.COMPANY_NAME


@register.simple_tag
def chat_words() -> dict[str, str]:
    """What the widget's script says by itself, in the active language."""
    return {
        "you": _("You"),
        "sending": pgettext("chat", "Sending…"),
        "offline": _("No connection right now. Your text is kept; please send it again in a moment."),
        "broken": _("Something went wrong on our side. Your text is kept; please try again."),
        "wrong": _("Please check the marked fields; nothing you typed is lost."),
        "remove": _("Remove %(name)s"),
        "too_large": _("“%(name)s” is larger than %(megabytes)s MB."),
        "received": _("Received as %(number)s. Keep this page open, or follow it here:"),
        "progress": _("Progress page"),
        "reason": _("Please write below what is still open, then press this again."),
        "open_file": _("Open %(name)s"),
    }

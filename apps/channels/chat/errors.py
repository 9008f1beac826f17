from django.utils.translation import gettext_lazy as _

from apps.core.errors import Problem, register

register(
    {
        "chat.consent_missing": Problem(422, _("Please agree first, so that we may handle your request.")),
        "chat.key": Problem(422, _("The chat window could not start properly. Please reload the page.")),
        "chat.too_often": Problem(
            429, _("That was a lot in a short time. Please try again in %(minutes)s minutes; your text is kept.")
        ),
        "chat.unknown": Problem(401, _("This conversation is not open any more. Please start a new one.")),
        "chat.closed_door": Problem(404, _("This chat is not available at the moment.")),
        "chat.origin": Problem(422, _("“%(value)s” is no address of a site such as https://shop.example.com.")),
        "chat.colour": Problem(422, _("A colour is written like #1a56b4, and must be dark enough for white text.")),
    }
)

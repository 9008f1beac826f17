from django.utils.translation import gettext_lazy as _

from apps.core.errors import Problem, register

register(
    {
        "channels.not_failed": Problem(409, _("This item has not failed: there is nothing to try again.")),
        "channels.kind_fixed": Problem(422, _("What kind of door it is cannot be changed; add another door.")),
        "channels.bad_address": Problem(
            422, _("An address begins with https:// and holds no user, query or fragment.")
        ),
        "channels.key_missing": Problem(422, _("A door in use needs this.")),
        "channels.key_anew": Problem(422, _("The door moves to another address: give this key anew.")),
        "channels.bad_aes_key": Problem(422, _("The EncodingAESKey has 43 letters and digits.")),
        "channels.bad_mode": Problem(422, _("The mode is “plain” or “aes”.")),
        "channels.bad_days": Problem(422, _("A whole number of days from 1 to 90.")),
        "channels.door_used": Problem(409, _("Something came in through this door; take it out of use instead.")),
        "channels.nothing_to_check": Problem(409, _("There is nothing to test for this kind of door.")),
    }
)

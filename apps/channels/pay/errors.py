from django.utils.translation import gettext_lazy as _

from apps.core.errors import Problem, register

register(
    {
        "pay.apiv3_key": Problem(422, _("The APIv3 key has exactly 32 characters.")),
        "pay.key": Problem(422, _("This is no RSA key or certificate in PEM, or it has a password.")),
        "pay.not_failed": Problem(409, _("Only what the provider refused can be sent again or left out.")),
    }
)

from django.utils.translation import gettext_lazy as _

from apps.core.errors import Problem, register

register(
    {
        "transition.impossible": Problem(409, _("This step is not possible in the state “%(state)s”.")),
        "transition.condition": Problem(409, _("A condition for this step is not met yet.")),
        "evidence.not_sealed": Problem(
            409, _("Not everything is sealed yet. The sealer comes by every minute; please try again then.")
        ),
        "evidence.broken": Problem(
            500, _("The evidence log does not match its signed head. Tell the administrator: verify_evidence names it.")
        ),
    }
)

from django.utils.translation import gettext_lazy as _

from apps.core.errors import Problem, register

register(
    {
        "transition.impossible": Problem(409, _("This step is not possible in the state “%(state)s”.")),
        "transition.condition": Problem(409, _("A condition for this step is not met yet.")),
    }
)

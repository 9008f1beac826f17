from django.utils.translation import gettext_lazy as _

from apps.core.errors import Problem, register

register(
    {
        "call.time": Problem(422, _("This time is in the future, or more than two days ago.")),
        "call.settled": Problem(409, _("This call has been dealt with already.")),
        "call.not_missed": Problem(409, _("Only a missed call is called back.")),
    }
)

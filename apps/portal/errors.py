from django.utils.translation import gettext_lazy as _

from apps.core.errors import Problem, register

register(
    {
        "portal.too_often": Problem(
            429,
            _(
                "There were too many messages in a short time. Please try again in %(minutes)s minutes,"
                " or call us at %(hotline)s."
            ),
        ),
        "portal.leave_empty": Problem(422, _("Please leave this field empty.")),
        "portal.files_gone": Problem(
            422, _("The files you chose earlier are not here any more. Please choose them again.")
        ),
    }
)

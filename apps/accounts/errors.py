from django.utils.translation import gettext_lazy as _

from apps.core.errors import Problem, register

register(
    {
        "api_key.invalid": Problem(401, _("This API key is not valid.")),
        "api_key.expired": Problem(401, _("This API key has expired.")),
        "api_key.revoked": Problem(401, _("This API key was revoked.")),
        "api_key.name_taken": Problem(422, _("There is already an API key named “%(name)s”.")),
        "api_key.no_scopes": Problem(422, _("Choose at least one scope.")),
        "api_key.unknown_scope": Problem(422, _("“%(scope)s” is not a scope. Known: %(known)s.")),
        "api_key.expires_in_past": Problem(422, _("The end of validity must lie in the future.")),
        "staff.username_taken": Problem(422, _("There is already somebody with the log-in name “%(username)s”.")),
        "staff.number_taken": Problem(422, _("There is already somebody with the staff number “%(number)s”.")),
        "staff.unknown_role": Problem(422, _("There is no role “%(role)s”. Known: %(known)s.")),
        "staff.unknown_department": Problem(422, _("There is no department “%(department)s”. Known: %(known)s.")),
        "staff.password": Problem(422, _("This password can't be used: %(why)s")),
        "staff.username": Problem(422, _("A log-in name has letters, digits and @ . + - _ only, at most 150 of them.")),
    }
)

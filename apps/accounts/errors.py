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
        "second_factor.wrong": Problem(422, _("This code is not right. The clock of your phone must be right, too.")),
        "second_factor.replayed": Problem(422, _("This code was used already. Wait for the next one.")),
        "second_factor.password": Problem(422, _("This password is not right.")),
        "second_factor.locked": Problem(
            429, _("Too many wrong codes. Try again in %(minutes)s minutes, or ask an administrator to reset it.")
        ),
        "second_factor.none": Problem(409, _("You have no second factor yet; set one up first.")),
        "second_factor.not_begun": Problem(409, _("Begin again: there is no code to confirm.")),
        "second_factor.must": Problem(409, _("Your role needs a second factor; it can be replaced, not removed.")),
        "second_factor.needed": Problem(
            403, _("This moves money: confirm with your second factor on the page first, then try again.")
        ),
        "api_key.not_yours": Problem(403, _("This key does not ask to act in your name.")),
        "api_key.no_person": Problem(403, _("Only a key that acts in somebody's name, who has agreed, may sign.")),
        "api_key.above": Problem(403, _("Above ¥%(limit)s a key signs only with the scope “money:approve_large”.")),
        "limit.own_role": Problem(422, _("The limits of a role are set by somebody who does not hold it.")),
        "role.own": Problem(422, _("Rights are added to a role by somebody who does not hold it.")),
        "webhook.kinds": Problem(422, _("Choose at least one event.")),
        "webhook.address": Problem(422, _("Give the whole address, with https:// in front.")),
        "sheet.kind": Problem(422, _("Nothing like this can be imported.")),
        "sheet.begun": Problem(409, _("This import has begun already.")),
    }
)

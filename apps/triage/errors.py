from django.utils.translation import gettext_lazy as _

from apps.core.errors import Problem, register

register(
    {
        "keyword.empty": Problem(422, _("A keyword needs at least one letter, digit or Chinese character.")),
        "keyword.too_long": Problem(422, _("A keyword has at most %(limit)s characters.")),
        "keyword.taken": Problem(422, _("There is already a keyword “%(text)s”.")),
        "keyword.weight_without_category": Problem(422, _("A weight needs a category that it speaks for.")),
        "keyword.category_without_weight": Problem(422, _("Say with a weight how clearly it speaks for the category.")),
        "category.own_ancestor": Problem(422, _("A category can't be part of itself.")),
        "category.fallback": Problem(422, _("“Other” takes what nothing else fits: it stays active and at the top.")),
        "library.invalid": Problem(422, "%(why)s"),  # words of a field's own validation, already translated
        "score_weight.unknown_value": Problem(422, _("“%(value)s” means nothing for this factor. Known: %(known)s.")),
        "score_weight.number": Problem(422, _("This factor needs a number between %(low)s and %(high)s.")),
        "routing.no_department": Problem(
            409, _("There is no active department that feedback could go to. Please set one up first.")
        ),
        "triage.file_columns": Problem(422, _("The file needs the columns %(columns)s.")),
        "triage.file_unreadable": Problem(422, _("The file “%(name)s” can't be read: %(why)s")),
    }
)

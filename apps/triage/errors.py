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
        "training.too_few": Problem(
            409, _("Too few tickets with a category that people decided: %(texts)s of at least %(least)s.")
        ),
        "model.unreadable": Problem(409, _("This model can't be read: %(why)s")),
        "suggestion.decided": Problem(409, _("This suggestion was decided already.")),
        "replay.decided": Problem(409, _("This change was applied or dropped already.")),
        "replay.empty": Problem(422, _("There is nothing to try: the change has no line.")),
        "replay.unknown": Problem(422, _("Line %(line)s: there is no keyword “%(text)s” to remove.")),
        "replay.category": Problem(422, _("Line %(line)s: there is no category “%(value)s”.")),
        "replay.number": Problem(422, _("Line %(line)s: “%(value)s” is no number for %(column)s.")),
        "replay.line": Problem(422, _("Line %(line)s: %(why)s")),
        "replay.too_many": Problem(422, _("At most %(limit)s lines can be tried at once.")),
        "review.done": Problem(409, _("This review was ticked off already.")),
        "triage.file_columns": Problem(422, _("The file needs the columns %(columns)s.")),
        "triage.file_unreadable": Problem(422, _("The file “%(name)s” can't be read: %(why)s")),
    }
)

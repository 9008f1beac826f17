from django.utils.translation import gettext_lazy as _

from apps.core.errors import Problem, register

register(
    {
        "casework.ticket_over": Problem(409, _("This ticket is over; reopen it to go on working.")),
        "casework.fields_missing": Problem(409, _("Still needed before this step: %(names)s.")),
        "casework.unknown_need": Problem(422, _("“%(value)s” is nothing that can be asked for.")),
        "investigation.none": Problem(409, _("No investigation has been written yet.")),
        "investigation.signed": Problem(
            409, _("The investigation is signed off. Write a new version first; the signed one is kept.")
        ),
        "investigation.incomplete": Problem(409, _("Before signing off fill in: %(names)s.")),
        "investigation.nothing_new": Problem(422, _("Nothing was changed.")),
        "investigation.no_files": Problem(422, _("Choose a file of the ticket, or add one of your own.")),
        "investigation.foreign_file": Problem(422, _("This file does not belong to the ticket.")),
        "investigation.file_there": Problem(422, _("“%(name)s” is among the evidence already.")),
        "investigation.struck": Problem(409, _("This entry was struck out already.")),
        "investigation.in_future": Problem(422, _("An interview cannot lie in the future.")),
        "checklist.items_open": Problem(409, _("Required and still open: %(items)s.")),
        "checklist.not_added_yet": Problem(
            409, _("The check-list “%(name)s” is just being added; try again in a moment.")
        ),
        "checklist.there_already": Problem(409, _("The check-list “%(name)s” is on this ticket already.")),
        "checklist.retired": Problem(409, _("The check-list “%(name)s” is not in use any more.")),
        "checklist.empty": Problem(422, _("A check-list needs at least one item.")),
        "checklist.taken_off": Problem(409, _("This check-list was taken off the ticket.")),
        "checklist.settled": Problem(409, _("This item is settled already; open it again first.")),
        "checklist.required_stays": Problem(
            409,
            _("A rule put this check-list on, and it has required items: answer them, or say that they don't apply."),
        ),
        "mention.cannot_see": Problem(
            422,
            _(
                "%(names)s may not see this ticket. Add their department as a collaborator first, or leave the name out."
            ),
        ),
        "time.minutes": Problem(422, _("Between 1 minute and 24 hours.")),
        "time.day_full": Problem(
            422, _("That would be more than 24 hours on %(day)s; %(minutes)s minutes are entered already.")
        ),
        "time.future": Problem(422, _("This day lies in the future.")),
        "time.too_old": Problem(422, _("Time can be entered for the last %(days)s days.")),
        "time.not_yours": Problem(403, _("Everybody corrects only their own time.")),
        "time.too_late": Problem(409, _("Time can be corrected on the day it was entered, no later.")),
        "time.corrected": Problem(409, _("This entry was corrected already.")),
        "time.nobody": Problem(422, _("Say whose time it is: the staff number of somebody who works here.")),
        "reply.unknown_placeholder": Problem(422, _("%(placeholder)s is not known here. Known are: %(known)s")),
        "reply.stray_brace": Problem(422, _("“%(text)s” is no placeholder. Braces are for these only: %(known)s")),
        "reply.title_taken": Problem(422, _("Another template in this language has this title.")),
        "macro.no_steps": Problem(422, _("A macro needs at least one step.")),
        "macro.step_lacks": Problem(422, _("Step %(step)s, “%(kind)s”: %(what)s is missing.")),
        "macro.too_many_steps": Problem(422, _("A macro has at most %(limit)s steps.")),
        "macro.step_failed": Problem(409, _("“%(step)s”: %(why)s")),
        "macro.refused": Problem(409, _("Nothing was done. %(why)s")),
        "macro.retired": Problem(409, _("This macro is not in use any more.")),
        "macro.name_taken": Problem(422, _("Another macro has this name.")),
        "view.name_taken": Problem(422, _("You have a view of this name already.")),
        "view.too_many": Problem(422, _("You have %(limit)s saved views; delete one first.")),
        "view.too_long": Problem(422, _("This list asks for too much to be kept; take some filters off.")),
        "view.share_not_allowed": Problem(403, _("You may not share views; ask your lead.")),
        "view.no_department": Problem(422, _("You belong to no department to share it with.")),
        "care.unknown_role": Problem(422, _("Choose a role.")),
    }
)

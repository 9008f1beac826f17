from django.utils.translation import gettext_lazy as _

from apps.core.errors import Problem, register

register(
    {
        "ticket.text_missing": Problem(422, _("Please tell us what happened.")),
        "ticket.contact_missing": Problem(
            422, _("Please leave a phone number or an e-mail address so that we can answer.")
        ),
        "ticket.no_category": Problem(
            409, _("No category is set up for this feedback; an administrator must restore the category “other”.")
        ),
        "ticket.date_in_future": Problem(422, _("This date lies in the future.")),
        "ticket.date_too_old": Problem(422, _("This date is too long ago; please check the year.")),
        "ticket.plan_missing": Problem(
            409, _("Write a handling plan first: it is what the result is measured against.")
        ),
        "ticket.follow_up_missing": Problem(409, _("Record the second follow-up first.")),
        "ticket.reopen_too_late": Problem(
            409, _("This ticket was closed too long ago to be reopened. Please send new feedback.")
        ),
        "ticket.not_waiting": Problem(409, _("This ticket takes no messages any more. Please send new feedback.")),
        "ticket.assignee_elsewhere": Problem(422, _("%(name)s does not belong to this department.")),
        "ticket.duplicate_of_itself": Problem(422, _("A ticket cannot be a duplicate of itself.")),
        "ticket.duplicate_unknown": Problem(422, _("There is no ticket with this number that you may see.")),
        "plan.steps_missing": Problem(422, _("A technical issue needs troubleshooting steps.")),
        "plan.measures_missing": Problem(422, _("Say which measures will be taken.")),
        "plan.vague": Problem(
            422, _("“%(phrase)s” promises nothing. Add a date or a concrete measure to this sentence.")
        ),
        "plan.promise_missing": Problem(422, _("Say until when it will be done.")),
        "plan.promise_past": Problem(422, _("The promised time lies in the past.")),
        "plan.promise_far": Problem(422, _("The promised time is more than a year away; please check the year.")),
        "solution.cost_negative": Problem(422, _("The cost cannot be negative.")),
        "solution.needs_no_approval": Problem(
            409, _("This solution costs nothing that needs approval; resolve the ticket with it.")
        ),
        "solution.none_waiting": Problem(409, _("No solution is waiting for a decision.")),
        "solution.own": Problem(403, _("Nobody approves what they proposed themselves.")),
        "solution.above_limit": Problem(403, _("This cost is above your approval limit of ¥%(limit)s.")),
        "reason.missing": Problem(422, _("Please give a reason.")),
        "survey.closed": Problem(409, _("This survey has been answered or is over. Thank you.")),
        "survey.score": Problem(422, _("Please choose one of the five answers.")),
        "survey.not_following_up": Problem(
            409, _("A second follow-up is recorded while the ticket is in second follow-up.")
        ),
        "mail.taken_in": Problem(409, _("This mail has its ticket already.")),
        "mail.came_before": Problem(409, _("This mail came before; look at the first one.")),
        "mail.gone": Problem(409, _("The mail itself is gone: not kept any more, and no longer in the mailbox.")),
        "mail.no_sender": Problem(422, _("This mail has no readable sender. Please register it by hand.")),
        "mailbox.host": Problem(422, _("Only the server's name, such as imap.example.com.")),
        "mailbox.insecure": Problem(
            422,
            _(
                "Without encryption anybody on the way reads the mail; that is allowed only for a server on this machine."
            ),
        ),
        "mailbox.has_mail": Problem(409, _("Mail came by this mailbox, so it stays. Take it out of use instead.")),
        "import.unreadable_file": Problem(422, _("“%(name)s” cannot be read: %(why)s")),
        "import.unknown_encoding": Problem(422, _("“%(name)s” is neither in UTF-8 nor in GB18030.")),
        "import.same_column": Problem(422, _("These columns mean the same: %(columns)s")),
        "import.no_text_column": Problem(
            422, _("No column holds the feedback itself. Found: %(headings)s. It may be called: %(known)s")
        ),
        "import.unreadable_row": Problem(422, _("This row cannot be read: %(why)s")),
        "import.too_many_cells": Problem(422, _("This row has %(found)s cells, but there are %(expected)s columns.")),
        "import.same_reference": Problem(422, _("Line %(line)s has the same reference.")),
        "import.date": Problem(422, _("“%(value)s” is not a date such as 2024-05-01 or 2024-05-01 13:30.")),
        "import.number": Problem(422, _("“%(value)s” is not a whole number between 0 and 1,000,000.")),
        "import.running": Problem(409, _("Another process is importing “%(batch)s” right now.")),
    }
)

from django.utils.translation import gettext_lazy as _

from apps.core.errors import Problem, register

register(
    {
        "ticket.search_empty": Problem(422, _("There is no word to search for in this.")),
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
        "ticket.supervisor_call_missing": Problem(
            409, _("A supervisor's call was promised. A supervisor must record it before the ticket is closed.")
        ),
        "regulator.outcome_missing": Problem(
            409, _("Record the outcome of the regulator case first: the authority waits for it.")
        ),
        "regulator.case_missing": Problem(409, _("Record the regulator case first.")),
        "regulator.reopen_first": Problem(
            409, _("Reopen the ticket first: a regulator case is settled before the result is sent.")
        ),
        "regulator.stays": Problem(409, _("An authority's case is recorded here: the ticket stays a regulator case.")),
        "regulator.before_received": Problem(422, _("This day lies before the case was received.")),
        "legal.refund_running": Problem(409, _("The goods are noted as back already; the refund is awaited.")),
        "legal.no_return": Problem(409, _("No return is noted whose refund is awaited.")),
        "ticket.reopen_too_late": Problem(
            409, _("This ticket was closed too long ago to be reopened. Please send new feedback.")
        ),
        "ticket.not_waiting": Problem(409, _("This ticket takes no messages any more. Please send new feedback.")),
        "ticket.assignee_elsewhere": Problem(422, _("%(name)s does not belong to this department.")),
        "ticket.duplicate_of_itself": Problem(422, _("A ticket cannot be a duplicate of itself.")),
        "ticket.duplicate_unknown": Problem(422, _("There is no ticket with this number that you may see.")),
        "ticket.too_many_tags": Problem(422, _("A ticket has at most %(limit)s tags.")),
        "tag.personal": Problem(422, _("A tag names a thing, not a person: no phone numbers or e-mail addresses.")),
        "tag.same": Problem(422, _("It is called so already.")),
        "tag.in_use": Problem(409, _("Tickets have this tag. Rename it into another one instead.")),
        "repeat.itself": Problem(422, _("A ticket does not repeat itself, nor what repeats it.")),
        "repeat.other_customer": Problem(
            422, _("%(number)s is from another customer. Link the two as related instead.")
        ),
        "repeat.part": Problem(422, _("A part of another ticket is no feedback of its own.")),
        "repeat.none": Problem(409, _("%(number)s does not count as a repeat.")),
        "merge.itself": Problem(422, _("A ticket cannot be merged into itself.")),
        "merge.target_over": Problem(
            409, _("%(number)s is over (%(state)s). Reopen it first, or merge the other way round.")
        ),
        "merge.over": Problem(409, _("This ticket is over (%(state)s) and can stay as it is.")),
        "merge.other_customer": Problem(
            403, _("%(number)s is from another customer. Link the two as related, or ask a service lead to merge them.")
        ),
        "merge.part": Problem(422, _("Parts of a ticket are not merged; they are done where they are.")),
        "merge.none": Problem(409, _("%(number)s is not merged into another ticket.")),
        "merge.write_there": Problem(
            409, _("This ticket is handled together with %(number)s. Write to the customer there.")
        ),
        "link.itself": Problem(422, _("A ticket cannot be linked to itself.")),
        "link.opposite": Problem(422, _("%(number)s stands the other way round already.")),
        "link.too_many": Problem(422, _("At most %(limit)s tickets are linked at once.")),
        "link.unknown": Problem(404, _("There is no such link any more.")),
        "part.open": Problem(409, _("Parts of it are still open: %(numbers)s. They come first.")),
        "part.whole_over": Problem(
            409, _("The ticket is %(state)s: it has no more work to hand out. Reopen it first.")
        ),
        "part.too_deep": Problem(409, _("Parts of parts go %(limit)s levels deep, no further.")),
        "part.too_many": Problem(409, _("A ticket has at most %(limit)s open parts.")),
        "part.itself": Problem(422, _("A ticket cannot be a part of itself.")),
        "part.above": Problem(422, _("This ticket is itself a part of %(number)s.")),
        "part.over": Problem(409, _("%(number)s is over: there is no work left in it.")),
        "part.waits": Problem(409, _("%(number)s waits for the customer's answer. Resume it first.")),
        "part.has_whole": Problem(409, _("%(number)s is a part of another ticket already.")),
        "part.other_customer": Problem(
            409, _("%(number)s is another customer's, who would hear nothing more. Link it instead.")
        ),
        "part.answers_for_others": Problem(409, _("Other tickets are merged into %(number)s. Take them out first.")),
        "part.regulator": Problem(409, _("%(number)s is an authority's case with clocks of its own. Link it instead.")),
        "part.drill": Problem(422, _("Drill tickets and real ones do not mix.")),
        "part.speaks_through": Problem(
            409, _("This is a part of %(number)s: the customer is told there. Write an internal note here.")
        ),
        "ticket.not_a_part": Problem(409, _("This ticket is not a part of another one.")),
        "nudge.waits_for_you": Problem(409, _("We are waiting for your answer. Work goes on as soon as it is here.")),
        "nudge.over": Problem(409, _("There is nothing to hurry up: this ticket has its result.")),
        "nudge.too_soon": Problem(
            429, _("We have your nudge, and whoever works on it was told. The next one is possible from %(again)s on.")
        ),
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
        "survey.own_rating": Problem(
            403, _("You worked on this ticket: somebody else writes down what the customer says of it.")
        ),
        "survey.own_contradiction": Problem(
            403,
            _(
                "The customer gave a good score but writes that it is not solved. Somebody who did not work on this ticket"
                " closes it."
            ),
        ),
        "drill.not_a_drill": Problem(409, _("This is a customer's ticket, not a drill.")),
        "drill.no_scenario": Problem(422, _("Choose at least one scenario.")),
        "drill.too_many": Problem(422, _("A drill has between 1 and %(limit)s tickets.")),
        "drill.no_money": Problem(409, _("This is a drill: no money moves for it.")),
        "drill.ended": Problem(409, _("This drill has ended.")),
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
        "mailbox.password_anew": Problem(422, _("The mailbox moves to another server: type its password anew.")),
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

from django.utils.translation import gettext_lazy as _

from apps.core.errors import Problem, register

register(
    {
        "retention.span": Problem(422, _("It ends before it begins.")),
        "retention.shortened": Problem(422, _("The law asks for at least %(length)s (%(months)s months).")),
        "hold.lifted": Problem(409, _("This hold was lifted already.")),
        "destruction.nothing_due": Problem(409, _("Nothing of this kind is due; there is nothing to list.")),
        "destruction.own": Problem(403, _("Who drew up the list is not its witness.")),
        "destruction.twice": Problem(403, _("You are a witness already; a second person is needed.")),
        "destruction.not_looked": Problem(
            422, _("Tick that you compared the rows with the records; nothing was signed.")
        ),
        "destruction.not_sure": Problem(422, _("Tick that you know it can't be undone; nothing was destroyed.")),
        "destruction.changed": Problem(409, _("The list is not the one you saw. Look through it again.")),
        "destruction.not_waiting": Problem(409, _("This list waits for no witness.")),
        "destruction.witnesses_missing": Problem(409, _("Two witnesses must stand for the list first.")),
        "destruction.items_left": Problem(409, _("Not all records of the list are done yet.")),
        "privacy.kept": Problem(409, _("It must be kept: %(why)s")),
        "data_request.no_customer": Problem(409, _("Say first which customer it is.")),
        "data_request.over": Problem(409, _("This request is past that step.")),
        "data_request.enough": Problem(429, _("We have your request already and will answer it.")),
        "data_request.other_kind": Problem(409, _("The request asks for something else.")),
        "data_request.not_checked": Problem(409, _("Check first that it is this person.")),
        "audit.span": Problem(422, _("Choose at most %(days)s days, the first before the last.")),
        "audit.seed": Problem(422, _("A seed has 64 digits of 0–9 and a–f. Leave it empty and one is made.")),
        "audit.no_layers": Problem(409, _("No audit layer is active; add one first.")),
        "audit.no_cases": Problem(422, _("No case was filed in these days.")),
        "audit.drawn": Problem(409, _("The sample of this quarter is drawn already.")),
        "audit.closed": Problem(409, _("This audit is closed.")),
        "audit.items_open": Problem(409, _("Some questions are not answered yet.")),
        "audit.note_missing": Problem(422, _("Say what is not in order.")),
        "audit.link": Problem(
            422, _("Give an address of this site that begins with /, or one that begins with https://.")
        ),
        "finding.own": Problem(403, _("Nobody writes a finding about themselves; choose another owner.")),
        "flag.cleared": Problem(409, _("This flag was cleared already.")),
        "flag.own": Problem(403, _("You filed or signed one of these cases; somebody else must look.")),
    }
)

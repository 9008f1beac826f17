from django.utils.translation import gettext_lazy as _

from apps.core.errors import Problem, register

register(
    {
        "sla.no_calendar": Problem(409, _("There is no working calendar yet. Load the defaults or create one.")),
        "sla.calendar_empty": Problem(409, _("The calendar “%(name)s” has no working hours.")),
        "sla.calendar_default_exists": Problem(
            409, _("There is a default calendar already. Choose a department for this one.")
        ),
        "sla.calendar_taken": Problem(409, _("This department has a calendar already.")),
        "sla.calendar_needed": Problem(409, _("The default calendar is needed by all departments without their own.")),
        "sla.hours_missing": Problem(422, _("A calendar needs working hours on at least one weekday.")),
        "sla.hours_order": Problem(422, _("Working hours must end after they begin. An end of 00:00 means midnight.")),
        "sla.hours_overlap": Problem(422, _("Working hours of one weekday overlap.")),
        "sla.day_taken": Problem(409, _("This calendar has an entry for %(date)s already.")),
        "sla.too_far": Problem(422, _("This time limit reaches too far into the future.")),
        "sla.not_open": Problem(409, _("This deadline is not open any more.")),
        "sla.due_in_past": Problem(422, _("The new due time must be in the future.")),
        "sla.due_too_far": Problem(422, _("The new due time must lie within %(days)s days.")),
        "sla.extension_by_law": Problem(422, _("This time is set by law: it cannot be extended.")),
        "sla.extension_none": Problem(422, _("The policy of this deadline allows no extension.")),
        "sla.extension_too_long": Problem(
            422, _("At most %(days)s working days, that is until %(latest)s; only management grants more.")
        ),
        "sla.extension_open": Problem(409, _("There is a request for this deadline already; it waits for a decision.")),
        "sla.extension_earlier": Problem(422, _("The new date must be later than the present one, %(due)s.")),
        "sla.extension_late": Problem(409, _("This deadline has passed; it can no longer be extended.")),
        "sla.extension_own": Problem(403, _("Nobody decides on their own request.")),
        "sla.timer_not_extended": Problem(409, _("The system does this by itself; there is nothing to extend.")),
        "sla.policy_of_law": Problem(409, _("This time limit is set by law. Change the legal rule instead.")),
        "sla.legal_old": Problem(409, _("This version of the rule has been replaced. Please amend the current one.")),
        "sla.legal_code": Problem(409, _("There is a legal rule with this code already.")),
        "sla.legal_clock": Problem(422, _("A clock needs a target and a unit; without a clock leave both empty.")),
        "sla.legal_metric": Problem(422, _("Clocks of this kind are not set by law.")),
        "sla.legal_from": Problem(422, _("The new version must come into force after the present one, %(day)s.")),
        "sla.policy_old": Problem(409, _("This version of the policy has been replaced. Please edit the current one.")),
        "sla.policy_code": Problem(409, _("There is a policy with this code already.")),
        "sla.policy_exists": Problem(409, _("A current policy for exactly these cases exists already: “%(name)s”.")),
        "sla.target_positive": Problem(422, _("The target must be greater than zero.")),
        "sla.target_too_long": Problem(422, _("The target may be ten years at most.")),
        "sla.warn_percent": Problem(422, _("The warning must come between 1 and 99 percent of the time.")),
        "sla.timer_warning": Problem(422, _("A timer has no warning and no pause.")),
        "sla.ladder_order": Problem(422, _("A higher level must not be reached before a lower one.")),
    }
)

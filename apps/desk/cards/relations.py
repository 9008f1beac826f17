"""What the ticket hangs together with: repeats, merged ones, parts, links, and what its customer wrote alike."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.actors import Actor
from apps.desk.actions import Action
from apps.desk.cards.base import Card
from apps.desk.forms import relations as forms
from apps.desk.forms.base import DeskForm
from apps.feedback.models import Ticket
from apps.feedback.selectors import relations as reads
from apps.feedback.services import merging, nudges, part_tickets, parts, relations, repeats
from apps.feedback.services.parts import PartDraft
from apps.feedback.states import WORKING_STATES

ON_CARD = ("not_repeat", "unmerge", "unlink", "detach")


def _build(ticket: Ticket, actor: Actor, bound: Mapping[str, DeskForm]) -> dict[str, Any] | None:
    found = reads.of(ticket, actor)
    alike = reads.alike(ticket, actor, but=found.ids) if ticket.parent_id is None else []
    if not found.ids and not alike:
        return None
    return {
        "relations": found,
        "alike": alike,
        "may_act": actor.can("feedback.handle_ticket"),
        "may_detach": actor.can("feedback.handle_ticket") and ticket.state in WORKING_STATES,
        "may_merge": actor.can("feedback.handle_ticket") and ticket.is_open,
        "refused": next((bound[name] for name in ON_CARD if name in bound and bound[name].errors), None),
    }


def _merge(ticket: Ticket, data: dict[str, Any], actor: Actor) -> str:
    merged = merging.merge(ticket, data["into"], actor=actor, reason=data["reason"], expected_version=data["version"])
    return gettext("Merged: %(number)s answers for it now.") % {"number": merged.merged_into.number}


def _link(ticket: Ticket, data: dict[str, Any], actor: Actor) -> str:
    made = relations.link(ticket, data["others"], data["relation"], actor=actor, reason=data["reason"])
    return gettext("Linked.") if made else gettext("They are linked so already.")


def _part(ticket: Ticket, data: dict[str, Any], actor: Actor) -> str:
    part = parts.create(ticket, PartDraft(**data), actor=actor)
    return gettext("%(number)s is on its way to %(department)s.") % {
        "number": part.number, "department": part.department,
    }  # fmt: skip


def _attach(ticket: Ticket, data: dict[str, Any], actor: Actor) -> str:
    attached = part_tickets.attach(ticket, data["others"], actor=actor, reason=data["reason"])
    numbers = ", ".join(part.number for part in attached)
    return gettext("Attached: %(numbers)s. This ticket waits for them.") % {"numbers": numbers}


def _nudge(ticket: Ticket, data: dict[str, Any], actor: Actor) -> str:
    nudged = nudges.nudge(ticket, actor=actor, reason=data["reason"])
    return gettext("Noted: nudge no. %(count)s. The handler and the customer are told.") % {"count": nudged.nudges}


# Two tickets are locked in the order of their keys by the services: no step locks one of them before.
CARD = Card(
    "relations",
    "side",
    _build,
    (
        Action("part", _("Child ticket"), "account_tree", _("Done."), _part, forms.PartForm, versioned=False),
        Action("attach", _("Attach existing tickets as children"), "subdirectory_arrow_right", _("Attached."), _attach,
               forms.AttachForm, versioned=False),
        Action("link", _("Link to tickets"), "link", _("Linked."), _link, forms.LinkForm, versioned=False),
        Action("repeat_link", _("Mark as repeat"), "repeat", _("It counts as a repeat."),
               lambda t, d, a: repeats.link(t, d["first"], actor=a, reason=d["reason"]), forms.RepeatForm,
               versioned=False),
        Action("merge", _("Merge into another ticket"), "merge", _("Merged."), _merge, forms.MergeForm,
               versioned=False),
        Action("nudge", _("Note a nudge"), "notifications_active", _("Noted."), _nudge, forms.NudgeForm,
               versioned=False),
        Action("not_repeat", _("Not the same"), "link_off", _("It counts for itself again."),
               lambda t, d, a: repeats.unlink(t, actor=a, reason=d["reason"]), forms.NotRepeatForm, versioned=False),
        Action("unmerge", _("Take out again"), "call_split", _("Taken out; it is as it was."),
               lambda t, d, a: merging.unmerge(t, actor=a, reason=d["reason"]), forms.UnmergeForm, versioned=False),
        Action("detach", _("Take out of the parent ticket"), "call_split", _("It stands for itself again."),
               lambda t, d, a: part_tickets.detach(t, actor=a, reason=d["reason"]), forms.DetachForm, versioned=False),
        Action("unlink", _("Take the link away"), "link_off", _("The link is gone."),
               lambda t, d, a: relations.unlink(t, d["row"], actor=a), forms.UnlinkForm, versioned=False),
    ),
)  # fmt: skip

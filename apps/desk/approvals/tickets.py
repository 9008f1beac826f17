"""Solutions that cost money and requests for more time (HND-05, SLA-05)."""

from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext_lazy

from apps.accounts.models import ApprovalLimit
from apps.accounts.selectors import approval_limit
from apps.core import clock
from apps.core.actors import Actor
from apps.core.errors import DomainError
from apps.desk.approvals.base import REQUIRED, Case, Row, Verb
from apps.desk.money.cases import evidence
from apps.feedback.models import Solution, Ticket
from apps.feedback.services import planning
from apps.feedback.states import TicketState
from apps.notifications.services.questions import About
from apps.sla.models import ExtensionRequest
from apps.sla.services import extensions
from apps.sla.states import ExtensionState, State

MOST = 200
HIDDEN = tuple(f"customer__{name}" for name in ("name", "phone", "email", "address", "note"))
EARLIER = 6


class Solutions:
    name, label, icon = "solution", gettext_lazy("Solutions"), "lightbulb"
    verbs = (
        Verb("approve", gettext_lazy("Approve"), "task_alt", gettext_lazy("Approved."),
             lambda s, actor, words: planning.decide_solution(s.ticket, actor=actor, approve=True, reason=words),
             words_label=gettext_lazy("Remark (optional)"), key="a", primary=True),
        Verb("reject", gettext_lazy("Decline"), "block", gettext_lazy("Declined; the handler sees your reason."),
             lambda s, actor, words: planning.decide_solution(s.ticket, actor=actor, approve=False, reason=words),
             words=REQUIRED, words_label=gettext_lazy("Why not, and what should change"), key="x"),
    )  # fmt: skip

    def rows(self, actor: Actor) -> list[Row]:
        if actor.user is None or not actor.can("feedback.approve_solution"):
            return []
        limit = approval_limit(actor.user, ApprovalLimit.Subject.SOLUTION)
        tickets = Ticket.objects.listed_for(actor).filter(state=TicketState.SOLUTION_APPROVAL)
        waiting = Solution.objects.filter(decided_at=None, ticket__in=tickets).exclude(proposed_by_id=actor.user_id)
        waiting = waiting.select_related("ticket__customer").defer(*(f"ticket__{name}" for name in HIDDEN))
        return [self._row(s) for s in waiting.order_by("id")[:MOST] if limit.covers(s.cost)]

    def _row(self, solution: Solution) -> Row:
        ticket = solution.ticket
        title = f"{solution.get_type_display()} · {ticket.title}"
        return Row(
            self.name, solution.pk, ticket.number, title, str(ticket.customer), solution.cost, solution.proposed_at,
            (ticket.pk,),
        )  # fmt: skip

    def case(self, pk: UUID, actor: Actor) -> Case | None:
        rows = Solution.objects.filter(ticket__in=Ticket.objects.visible_to(actor))
        rows = rows.select_related(
            "ticket__customer", "ticket__category", "ticket__department", "proposed_by", "decided_by"
        )
        solution = rows.defer(*(f"ticket__{name}" for name in HIDDEN)).filter(pk=pk).first()
        if solution is None:
            return None
        why_not = _refusal(lambda: self._check(solution, actor))
        page = reverse("admin:desk_ticket", args=[solution.ticket.number])
        others = Ticket.objects.visible_to(actor).filter(customer_id=solution.ticket.customer_id)
        content = {
            "solution": solution, "ticket": solution.ticket, "evidence": evidence(solution.ticket_id),
            "earlier": list(others.exclude(pk=solution.ticket_id).order_by("-id")[:EARLIER]),
            "plan": solution.ticket.plans.first(),
        }  # fmt: skip
        said = [solution.decision_reason, solution.ticket.get_state_display()]
        return Case(
            self._row(solution), solution, "desk/approvals/solution.html", content, () if why_not else self.verbs,
            why_not, page, About(solution.ticket, solution.ticket.number, page), solution.proposed_by,
            solution.ticket_id, [words for words in said if words],
        )  # fmt: skip

    def _check(self, solution: Solution, actor: Actor) -> None:
        if solution.decided_at is not None or solution.ticket.state != TicketState.SOLUTION_APPROVAL:
            raise DomainError("solution.none_waiting")
        planning.check_decision(solution, actor, True)


class Extensions:
    name, label, icon = "extension", gettext_lazy("More time"), "more_time"
    verbs = (
        Verb("approve", gettext_lazy("Grant"), "task_alt", gettext_lazy("Granted; whoever asked is told."),
             lambda asked, actor, words: extensions.approve(asked, actor=actor, reason=words),
             words_label=gettext_lazy("Words on it"), key="a", primary=True),
        Verb("reject", gettext_lazy("Refuse the extension"), "block", gettext_lazy("Refused; whoever asked is told."),
             lambda asked, actor, words: extensions.refuse(asked, actor=actor, reason=words), words=REQUIRED,
             words_label=gettext_lazy("Why not?"), key="x"),
    )  # fmt: skip

    def rows(self, actor: Actor) -> list[Row]:
        if not actor.can("sla.approve_extension"):
            return []
        waiting = ExtensionRequest.objects.decidable_by(actor).filter(
            state=ExtensionState.REQUESTED, deadline__state=State.OPEN, deadline__due_at__gt=clock.now()
        )
        asked = [one for one in waiting.select_related("deadline", "requested_by")[:MOST] if not one.is_of(actor)]
        numbers = _tickets([one.deadline.subject_id for one in asked])
        return [self._row(one, numbers.get(one.deadline.subject_id)) for one in asked]

    def _row(self, asked: ExtensionRequest, ticket: Ticket | None) -> Row:
        title = f"{asked.deadline.get_metric_display()} → {clock.local(asked.asked_until):%m-%d %H:%M}"
        number = ticket.number if ticket else ""
        who = str(asked.requested_by or asked.requested_label)
        return Row(self.name, asked.pk, number, title, who, None, asked.requested_at, (), asked.deadline.due_at)

    def case(self, pk: UUID, actor: Actor) -> Case | None:
        rows = ExtensionRequest.objects.select_related("deadline__policy", "requested_by", "decided_by")
        asked = rows.filter(pk=pk).first()
        if asked is None:
            return None
        mine = asked.is_of(actor)
        if not mine and not ExtensionRequest.objects.decidable_by(actor).filter(pk=pk).exists():
            return None
        why_not = _refusal(lambda: self._check(asked, actor))
        ticket = _tickets([asked.deadline.subject_id]).get(asked.deadline.subject_id)
        page = reverse("admin:desk_ticket", args=[ticket.number]) if ticket else ""
        about = About(ticket, ticket.number, page) if ticket else None
        content = {"asked": asked, "ticket": ticket, "deadline": asked.deadline}
        said = [asked.get_state_display(), asked.decision_reason]
        return Case(
            self._row(asked, ticket), asked, "desk/approvals/extension.html", content, () if why_not else self.verbs,
            why_not, page, about, asked.requested_by, ticket.pk if ticket else None, [words for words in said if words],
        )  # fmt: skip

    def _check(self, asked: ExtensionRequest, actor: Actor) -> None:
        if asked.state != ExtensionState.REQUESTED or asked.deadline.state != State.OPEN:
            raise DomainError("approval.not_waiting")
        if asked.deadline.is_late(clock.now()):
            raise DomainError("sla.extension_late")
        extensions.check_decision(asked, actor)


def _tickets(ids: list[UUID]) -> dict[UUID, Ticket]:
    rows = Ticket.objects.filter(pk__in=ids).select_related("customer", "department").defer(*HIDDEN)
    return {ticket.pk: ticket for ticket in rows} if ids else {}


def _refusal(check: Any) -> str:
    try:
        check()
    except DomainError as error:
        return error.words
    return ""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core import clock, vocabulary
from apps.core.actors import Actor
from apps.core.fields import EncryptedTextField
from apps.core.models import Noun
from apps.feedback.models.lifecycle import Lifecycle
from apps.feedback.states import OPEN_STATES, ClosedAs, RejectReason, TicketState
from apps.triage.states import Impact, PriorityLevel

if TYPE_CHECKING:
    from apps.accounts.models import User

OPEN = Q(state__in=[s.value for s in OPEN_STATES])
SEES_RESTRICTED = "billing.handle_data_request"  # the right to work on requests about personal data
ONCE = Q(repeat_of=None, parent=None)  # an issue of its own: no repeat (INT-08) and no part of another ticket


class TicketQuerySet(models.QuerySet["Ticket"]):
    def visible_to(self, actor: Actor) -> "TicketQuerySet":
        """What this actor may know of (ADM-02): all, or the own department's as lead or collaborator, or the own ones."""
        if actor.kind == "system" or actor.can("feedback.view_all_tickets"):
            return self
        if not actor.can("feedback.view_ticket") or actor.user is None:
            return self.none()
        user: User = actor.user
        mine = Q(assignee_id=user.pk)
        if user.department_id:
            mine |= Q(department_id=user.department_id) | Q(collaborator_ids__contains=[user.department_id])
        return self.filter(mine)

    def listed_for(self, actor: Actor) -> "TicketQuerySet":
        """What lists and searches show this actor: without a restricted customer's tickets (LAW-05), which only those who
        work on requests about personal data go on seeing. Whoever has a ticket's number still opens its page, which says so.
        """
        seen = self.visible_to(actor)
        return seen if actor.can(SEES_RESTRICTED) else seen.filter(restricted=False)

    def open(self) -> "TicketQuerySet":
        return self.filter(OPEN)

    def tagged(self, tags: Sequence[str]) -> "TicketQuerySet":
        """With at least one of these tags (CLS-08)."""
        return self.filter(~Q(tags=[]), tags__overlap=list(tags))

    def real(self) -> "TicketQuerySet":
        """Without drills (TRN-01): what statistics look at."""
        return self.filter(is_drill=False)

    def counted(self) -> "TicketQuerySet":
        """What statistics count: no drills, no parts of other tickets, the same customer's same issue once (INT-08)."""
        return self.real().filter(ONCE)


class Ticket(Lifecycle, Noun):
    """One piece of customer feedback, from whatever door (INT-01, INT-03). Written only by `feedback.services`."""

    number = models.CharField(_("number"), max_length=20, unique=True)
    external_ref = models.CharField(max_length=120, unique=True, null=True, blank=True, editable=False)
    link_version = models.PositiveSmallIntegerField(default=1, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    kind = models.CharField(_("kind"), max_length=12, choices=vocabulary.Kind)
    urgency = models.CharField(
        _("urgency"), max_length=10, choices=vocabulary.Urgency, default=vocabulary.Urgency.NORMAL
    )
    channel = models.CharField(_("channel"), max_length=12, choices=vocabulary.Channel)
    title = models.CharField(_("title"), max_length=120)
    description = models.TextField(_("what happened"))
    language = models.CharField(
        _("language"), max_length=10, choices=vocabulary.Language, default=vocabulary.Language.ZH_HANS
    )
    received_at = models.DateTimeField(_("received"), default=clock.now)

    customer = models.ForeignKey(
        "crm.Customer", verbose_name=_("customer"), on_delete=models.PROTECT, related_name="tickets"
    )
    contact_channel = models.CharField(
        _("preferred channel"), max_length=10, choices=vocabulary.ContactChannel, blank=True
    )
    contact_given = EncryptedTextField(
        _("contact given this time"),
        blank=True,
        help_text=_("JSON: what the sender typed and the customer's record does not say."),
    )
    region = models.CharField(_("region"), max_length=60, blank=True)

    product = models.ForeignKey(
        "crm.Product", verbose_name=_("product"), null=True, blank=True, on_delete=models.PROTECT
    )
    product_text = models.CharField(_("product or model"), max_length=120, blank=True)
    serial_number = models.CharField(_("machine serial number"), max_length=60, blank=True)
    order = models.ForeignKey("crm.Order", verbose_name=_("order"), null=True, blank=True, on_delete=models.PROTECT)
    order_number = models.CharField(_("order number"), max_length=60, blank=True)
    invoice_number = models.CharField(_("invoice number"), max_length=60, blank=True)
    ship_date = models.DateField(_("ship date"), null=True, blank=True)
    defect_quantity = models.PositiveIntegerField(_("defect quantity"), null=True, blank=True)
    occurred_on = models.DateField(_("happened on"), null=True, blank=True)
    place = models.CharField(_("place"), max_length=120, blank=True)
    demand = models.CharField(_("demand"), max_length=10, choices=vocabulary.Demand, default=vocabulary.Demand.NONE)

    category = models.ForeignKey("triage.Category", verbose_name=_("category"), on_delete=models.PROTECT)
    category_by_person = models.BooleanField(default=False, editable=False)
    confidence = models.FloatField(_("confidence"), default=0)
    hits = models.JSONField(default=list, editable=False)
    risk = models.CharField(_("risk"), max_length=10, choices=vocabulary.Risk, default=vocabulary.Risk.NONE)
    sentiment = models.FloatField(_("sentiment"), default=0)
    impact = models.CharField(_("impact"), max_length=10, choices=Impact, default=Impact.SINGLE)
    priority_score = models.PositiveSmallIntegerField(_("priority score"), default=0)
    priority_level = models.CharField(_("priority"), max_length=10, choices=PriorityLevel, default=PriorityLevel.LOW)
    priority_parts = models.JSONField(default=list, editable=False)

    department = models.ForeignKey(
        "accounts.Department",
        verbose_name=_("responsible department"),
        on_delete=models.PROTECT,
        related_name="tickets",
    )
    collaborator_ids = ArrayField(
        models.BigIntegerField(), verbose_name=_("collaborating departments"), default=list, blank=True
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("handler"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="tickets",
    )
    # 首问负责 (LAW-03): whoever the customer met first answers for it until somebody else has accepted it.
    first_asked = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("first asked"), null=True, blank=True, editable=False, db_index=False,
        on_delete=models.PROTECT, related_name="+",
    )  # fmt: skip
    assigned_at = models.DateTimeField(_("assigned at"), null=True, blank=True)
    accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True)
    first_responded_at = models.DateTimeField(_("first response"), null=True, blank=True)
    first_resolved_at = models.DateTimeField(_("first resolved"), null=True, blank=True)
    resolved_at = models.DateTimeField(_("resolved at"), null=True, blank=True)
    result = models.TextField(_("result"), blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    closed_as = models.CharField(_("closed as"), max_length=12, choices=ClosedAs, blank=True)
    rejected_as = models.CharField(_("rejected as"), max_length=12, choices=RejectReason, blank=True)
    duplicate_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="duplicates")
    # The same customer, the same issue (INT-08): statistics that count people leave these out.
    repeat_of = models.ForeignKey(
        "self", verbose_name=_("repeats"), null=True, blank=True, on_delete=models.PROTECT, related_name="repeats",
        db_index=False,
    )  # fmt: skip
    # A piece of another ticket's work, made by colleagues: its customer hears of it only through that ticket (HND-11).
    parent = models.ForeignKey(
        "self", verbose_name=_("parent ticket"), null=True, blank=True, on_delete=models.PROTECT, related_name="children",
        db_index=False,
    )  # fmt: skip
    # While it is merged: the ticket that answers for it, never one that is merged itself.
    merged_into = models.ForeignKey(
        "self", verbose_name=_("merged into"), null=True, blank=True, on_delete=models.PROTECT, related_name="merged",
        db_index=False,
    )  # fmt: skip
    tags = ArrayField(models.CharField(max_length=30), verbose_name=_("tags"), default=list, blank=True)
    nudges = models.PositiveSmallIntegerField(_("times the customer nudged"), default=0)
    nudged_at = models.DateTimeField(_("last nudged"), null=True, blank=True)
    # A drill (TRN-01) runs the real way and never touches statistics, customers or money.
    is_drill = models.BooleanField(_("drill"), default=False, editable=False)
    # Kept from the customer's restriction (LAW-05), so that lists need no join: this ticket stands in none of them.
    restricted = models.BooleanField(default=False, db_default=False, editable=False)
    reopen_count = models.PositiveSmallIntegerField(_("times reopened"), default=0)
    satisfaction = models.PositiveSmallIntegerField(_("satisfaction"), null=True, blank=True)
    escalated = models.BooleanField(_("escalated"), default=False)

    # Kept from `sla` so that the queue is one index scan: the next deadline, and that moment moved forward by priority.
    next_due_at = models.DateTimeField(_("next deadline"), null=True, blank=True)
    next_due_metric = models.CharField(max_length=30, blank=True)
    queue_at = models.DateTimeField(null=True, blank=True, editable=False)

    is_new = False  # True on the instance that `intake.receive` has just inserted

    objects = TicketQuerySet.as_manager()

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        permissions = [
            ("view_all_tickets", "Can see the tickets of all departments"),
            ("create_ticket", "Can register feedback"),
            ("assign_ticket", "Can assign tickets"),
            ("handle_ticket", "Can work on tickets"),
            ("approve_solution", "Can approve solutions"),
            ("close_ticket", "Can close tickets"),
            ("reject_ticket", "Can reject and restore tickets"),
            ("follow_up_ticket", "Can do second follow-ups"),
            ("merge_across_customers", "Can merge tickets of different customers"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=TicketState.values), name="ticket_state_known"),
            models.CheckConstraint(
                condition=Q(state="merged", merged_into__isnull=False) | Q(~Q(state="merged"), merged_into=None),
                name="ticket_merged_into",
            ),
            models.CheckConstraint(
                condition=~Q(parent=F("id")) & ~Q(repeat_of=F("id")) & ~Q(merged_into=F("id")), name="ticket_not_itself"
            ),
            models.CheckConstraint(
                condition=Q(satisfaction=None) | Q(satisfaction__range=(1, 5)), name="ticket_satisfaction"
            ),
        ]
        indexes = [
            models.Index(fields=["queue_at", "id"], name="ticket_queue", condition=OPEN),
            models.Index(fields=["department", "queue_at", "id"], name="ticket_department_queue", condition=OPEN),
            models.Index(fields=["assignee", "queue_at", "id"], name="ticket_assignee_queue", condition=OPEN),
            models.Index(fields=["-priority_score", "id"], name="ticket_priority_queue", condition=OPEN),
            models.Index(fields=["state", "id"], name="ticket_state"),
            models.Index(fields=["department", "id"], name="ticket_department"),
            models.Index(fields=["customer", "id"], name="ticket_customer"),
            GinIndex(fields=["collaborator_ids"], name="ticket_collaborators", fastupdate=False),
            GinIndex(fields=["tags"], name="ticket_tags", fastupdate=False, condition=~Q(tags=[])),
            models.Index(fields=["parent"], name="ticket_parent", condition=Q(parent__isnull=False)),
            models.Index(fields=["repeat_of"], name="ticket_repeat", condition=Q(repeat_of__isnull=False)),
            models.Index(fields=["merged_into"], name="ticket_merged", condition=Q(merged_into__isnull=False)),
            # For figures over a stretch of time: all they count by stands in the index, so no row is read.
            models.Index(
                fields=["received_at"],
                name="ticket_received_figures",
                include=["category", "repeat_of", "parent", "is_drill"],
            ),
            models.Index(
                fields=["closed_at"],
                name="ticket_closed_figures",
                include=["repeat_of", "parent", "is_drill"],
                condition=Q(closed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def answerable(self) -> "User | None":
        """Who answers for it now (首问负责, LAW-03): whoever was asked first until another has accepted it."""
        if self.accepted_at is None and not self.reopen_count and self.first_asked_id:
            return self.first_asked
        return self.assignee

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

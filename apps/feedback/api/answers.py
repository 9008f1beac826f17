"""What the API answers, for the reader of its description: `rows` makes the values. Moments are in UTC."""

from typing import Any

from rest_framework import serializers

from apps.core.vocabulary import Channel, ContactChannel, Demand, Kind, Language, Risk, Tier, Urgency
from apps.feedback.states import ClosedAs, MessageKind, RejectReason, SolutionType, TicketState
from apps.sla.states import Metric, Purpose
from apps.triage.states import Impact, PriorityLevel


class Answer(serializers.Serializer[Any]):
    """Only described, never run."""


def choice(choices: Any, *, blank: bool = False, **kwargs: Any) -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=choices.choices, allow_blank=blank, **kwargs)


def moment(**kwargs: Any) -> serializers.DateTimeField:
    return serializers.DateTimeField(**{"allow_null": True, **kwargs})


def plain(**kwargs: Any) -> serializers.CharField:
    return serializers.CharField(**{"allow_blank": True, **kwargs})


class TicketRow(Answer):
    """A ticket in a list, and the answer to creating or moving one."""

    id = serializers.UUIDField()
    number = serializers.CharField(help_text="Year, month and serial, without gaps.")
    state = choice(TicketState)
    kind = choice(Kind)
    urgency = choice(Urgency)
    channel = choice(Channel)
    title = plain()
    category = serializers.CharField(help_text="The category's code.")
    department = serializers.CharField(help_text="The code of the responsible department.")
    assignee = serializers.CharField(allow_null=True, help_text="The handler's staff number.")
    customer = serializers.UUIDField()
    priority_score = serializers.IntegerField(min_value=0, max_value=100)
    priority_level = choice(PriorityLevel)
    escalated = serializers.BooleanField()
    region = plain()
    product_text = plain(help_text="As it was typed.")
    order_number = plain()
    external_ref = serializers.CharField(
        allow_null=True, help_text="Your reference, after the name of the key it came with: `ERP/4711`."
    )
    received_at = moment(allow_null=False)
    accepted_at = moment()
    first_responded_at = moment()
    resolved_at = moment()
    closed_at = moment()
    closed_as = choice(ClosedAs, blank=True)
    satisfaction = serializers.IntegerField(
        allow_null=True, min_value=1, max_value=5, help_text="The customer's own score; null without an answer."
    )
    next_due_at = moment(help_text="The nearest deadline that runs.")
    next_due_metric = choice(Metric, blank=True)
    tags = serializers.ListField(child=serializers.CharField())
    nudges = serializers.IntegerField(min_value=0, help_text="How often the customer asked where it stands.")
    repeat_of = serializers.CharField(
        allow_null=True, help_text="The first ticket of this issue, which is the one that counts."
    )
    merged_into = serializers.CharField(allow_null=True, help_text="The ticket that answers for this one.")
    parent = serializers.CharField(allow_null=True, help_text="The ticket whose work this is a part of.")
    is_drill = serializers.BooleanField(help_text="An exercise of the staff, no customer's ticket.")


class TicketPage(Answer):
    results = TicketRow(many=True)
    next = serializers.URLField(allow_null=True, help_text="Address of the next page; null on the last one.")


class CustomerAnswer(Answer):
    """Masked, unless clear values were asked for."""

    id = serializers.UUIDField()
    external_id = serializers.CharField(allow_null=True)
    name = plain()
    phone = plain()
    email = plain()
    tier = choice(Tier)
    language = choice(Language)


class DeadlineAnswer(Answer):
    metric = choice(Metric)
    purpose = choice(Purpose, help_text="An obligation can be missed; a timer lets the system act.")
    started_at = moment(allow_null=False)
    due_at = moment(allow_null=False)
    paused_at = moment()
    breached_at = moment()


class PlanAnswer(Answer):
    steps = plain()
    measures = plain()
    promised_at = moment(allow_null=False)
    at = moment(allow_null=False)


class SolutionAnswer(Answer):
    type = choice(SolutionType)
    description = plain()
    cost = serializers.DecimalField(max_digits=14, decimal_places=2, help_text="Yuan.")
    proposed_by = serializers.CharField(allow_null=True)
    proposed_at = moment(allow_null=False)
    approved = serializers.BooleanField(allow_null=True, help_text="null: not decided yet.")
    decided_by = serializers.CharField(allow_null=True)
    decided_at = moment()
    decision_reason = plain()


class AttachmentAnswer(Answer):
    name = plain()
    content_type = plain()
    size = serializers.IntegerField(help_text="Bytes.")
    sha256 = plain()
    message = serializers.UUIDField(allow_null=True, help_text="The message it came with.")


class PriorityPart(Answer):
    factor = plain()
    value = plain()
    points = serializers.IntegerField()
    words = serializers.ListField(child=plain())


class Hit(Answer):
    text = plain()
    category = plain(help_text="Empty where the keyword only tells of a demand or a risk.")
    weight = serializers.FloatField()
    start = serializers.IntegerField(help_text="Where it begins in the text, in characters.")
    demand = plain()
    risk = plain()
    by = plain(
        required=False,
        help_text="“keywords”, or “model” for a piece by which a learned model decided; absent on older tickets.",
    )


class TicketDetail(TicketRow):
    customer = CustomerAnswer()
    description = plain()
    language = choice(Language)
    contact_channel = choice(ContactChannel, blank=True)
    product = serializers.CharField(allow_null=True, help_text="Article number, where the product is known.")
    serial_number = plain()
    invoice_number = plain()
    ship_date = serializers.DateField(allow_null=True)
    defect_quantity = serializers.IntegerField(allow_null=True)
    occurred_on = serializers.DateField(allow_null=True)
    place = plain()
    demand = choice(Demand)
    risk = choice(Risk)
    impact = choice(Impact)
    sentiment = serializers.FloatField(min_value=-1, max_value=1)
    confidence = serializers.FloatField(min_value=0, max_value=1, help_text="How sure the first classification was.")
    hits = Hit(many=True, help_text="Keywords that were found in the text.")
    priority_parts = PriorityPart(many=True)
    collaborators = serializers.ListField(child=serializers.CharField(), help_text="Codes of helping departments.")
    assigned_at = moment()
    result = plain()
    rejected_as = choice(RejectReason, blank=True)
    duplicate_of = serializers.CharField(allow_null=True)
    reopen_count = serializers.IntegerField()
    version = serializers.IntegerField()
    created_at = moment(allow_null=False)
    deadlines = DeadlineAnswer(many=True, help_text="All that are open.")
    plan = PlanAnswer(allow_null=True)
    solutions = SolutionAnswer(many=True)
    attachments = AttachmentAnswer(many=True)
    tracking_url = serializers.URLField(
        allow_null=True, help_text="The customer's private page; only for keys that may write, since it lets one write."
    )


class MessageAnswer(Answer):
    id = serializers.UUIDField()
    kind = choice(MessageKind)
    body = plain()
    channel = choice(Channel, blank=True)
    author = serializers.CharField(allow_null=True, help_text="Staff number.")
    at = moment(allow_null=False)
    customer_sees = serializers.BooleanField()


class MessagePage(Answer):
    results = MessageAnswer(many=True)
    next = serializers.URLField(allow_null=True)


class EventAnswer(Answer):
    id = serializers.IntegerField()
    kind = serializers.CharField()
    actor_kind = serializers.CharField()
    actor = serializers.CharField(help_text="Staff number, client name or part of the system.")
    at = moment(allow_null=False)
    reason = plain()
    data = serializers.DictField()


class EventPage(Answer):
    results = EventAnswer(many=True)
    next = serializers.URLField(allow_null=True)


class OfferAnswer(Answer):
    name = serializers.CharField()
    label = serializers.CharField()
    target = choice(TicketState)
    allowed = serializers.BooleanField()
    refusal = serializers.CharField(allow_null=True, help_text="Why you can't take this step now.")


class OfferList(Answer):
    results = OfferAnswer(many=True)

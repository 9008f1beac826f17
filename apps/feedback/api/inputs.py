"""What the API takes. Shapes only: whether the content makes sense is for the services to say."""

from datetime import UTC
from decimal import Decimal

from rest_framework import serializers

from apps.core.rest import StrictSerializer, TextField
from apps.core.vocabulary import Channel, ContactChannel, Demand, Kind, Language, Tier, Urgency
from apps.feedback.states import MessageKind, RejectReason, SolutionType
from apps.triage.states import Impact


class ContactInput(StrictSerializer):
    """Who gives the feedback: a phone, an e-mail address or your number for the customer is needed."""

    name = TextField(required=False)
    phone = TextField(required=False, help_text="As people write it; without a country code it is a mainland number.")
    email = TextField(required=False)
    external_id = TextField(required=False, help_text="The customer's number in your system.")
    address = TextField(required=False)
    preferred_channel = serializers.ChoiceField(choices=ContactChannel.choices, required=False)
    tier = serializers.ChoiceField(choices=Tier.choices, required=False)


class TicketInput(StrictSerializer):
    """One piece of feedback. Category, priority, department and deadlines are found by the system."""

    text = TextField(help_text="What the customer says, up to 20,000 characters.")
    contact = ContactInput()
    kind = serializers.ChoiceField(choices=Kind.choices, default=Kind.COMPLAINT.value)
    urgency = serializers.ChoiceField(choices=Urgency.choices, default=Urgency.NORMAL.value)
    channel = serializers.ChoiceField(
        choices=Channel.choices, default=Channel.API.value, help_text="The door it came in by, if not this API itself."
    )
    language = serializers.ChoiceField(
        choices=Language.choices, default=Language.ZH_HANS.value, help_text="The language to answer in."
    )
    category = TextField(required=False, max_length=40, help_text="A category's code, only where a person chose it.")
    product = TextField(required=False, help_text="Article number, name or model.")
    product_group = TextField(required=False, help_text="As the routing rules name it.")
    serial_number = TextField(required=False)
    order_number = TextField(required=False)
    invoice_number = TextField(required=False)
    ship_date = serializers.DateField(required=False, allow_null=True)
    defect_quantity = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=1_000_000)
    occurred_on = serializers.DateField(required=False, allow_null=True)
    place = TextField(required=False)
    region = TextField(required=False)
    demand = serializers.ChoiceField(choices=Demand.choices, required=False, help_text="What the customer wants.")
    impact = serializers.ChoiceField(choices=Impact.choices, required=False)
    external_ref = TextField(
        required=False,
        max_length=50,
        help_text="Your own reference. Sent again, it answers 200 with the ticket made then and adds nothing.",
    )
    received_at = serializers.DateTimeField(
        required=False, allow_null=True, default_timezone=UTC, help_text="When the customer said it, if not now."
    )


class MessageInput(StrictSerializer):
    """`customer`: the customer said something more; `reply` and `progress` are sent to the customer; `note`, `call` and
    `test_report` stay inside; `follow_up` records what a second follow-up brought."""

    kind = serializers.ChoiceField(choices=MessageKind.choices)
    body = TextField()
    channel = serializers.ChoiceField(choices=Channel.choices, required=False)


class PlanInput(StrictSerializer):
    """The handling plan. A fault needs steps, everything else measures; vague promises are refused."""

    steps = TextField(required=False)
    measures = TextField(required=False)
    promised_at = serializers.DateTimeField(default_timezone=UTC)


# Steps of a ticket: one shape each, told apart by `name` -----------------------------------------------------------------


def named(name: str) -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=[name])


class AssignInput(StrictSerializer):
    name = named("assign")
    department = TextField(max_length=30, help_text="The department's code.")
    assignee = TextField(required=False, allow_null=True, max_length=20, help_text="Staff number of one of its people.")
    collaborators = serializers.ListField(
        child=TextField(max_length=30), required=False, max_length=50, help_text="Codes of the departments that help."
    )
    reason = TextField(required=False, max_length=2_000)


class AcceptInput(StrictSerializer):
    name = named("accept")


class AskCustomerInput(StrictSerializer):
    name = named("ask_customer")
    body = TextField(help_text="The question, sent to the customer; the clocks pause until the answer.")


class ResumeInput(StrictSerializer):
    name = named("resume")
    reason = TextField(required=False, max_length=2_000)


class ProposeSolutionInput(StrictSerializer):
    name = named("propose_solution")
    type = serializers.ChoiceField(choices=SolutionType.choices)
    description = TextField()
    cost = serializers.DecimalField(
        max_digits=14, decimal_places=2, min_value=Decimal(0), help_text='Yuan, e.g. "199.00".'
    )
    reason = TextField(required=False, max_length=2_000)


class ApproveSolutionInput(StrictSerializer):
    name = named("approve_solution")
    reason = TextField(required=False, max_length=2_000)


class DeclineSolutionInput(StrictSerializer):
    name = named("decline_solution")
    reason = TextField(max_length=2_000)


class ResolveInput(StrictSerializer):
    name = named("resolve")
    result = TextField(help_text="Sent to the customer.")


class StartCallbackInput(StrictSerializer):
    name = named("start_callback")


class CloseFollowedUpInput(StrictSerializer):
    name = named("close_followed_up")
    reason = TextField(required=False, max_length=2_000)


class ReopenInput(StrictSerializer):
    name = named("reopen")
    reason = TextField(max_length=2_000)


class RejectInput(StrictSerializer):
    name = named("reject")
    why = serializers.ChoiceField(choices=RejectReason.choices)
    duplicate_of = TextField(
        required=False, allow_null=True, max_length=20, help_text="The number of the ticket it repeats."
    )
    reason = TextField(required=False, max_length=2_000)


class RestoreInput(StrictSerializer):
    name = named("restore")
    reason = TextField(required=False, max_length=2_000)

"""What the API answers about money, for the reader of its description; `rows` makes the values."""

from typing import Any

from rest_framework import serializers

from apps.accounts.models import ApprovalLimit
from apps.billing.states import (
    Act,
    AttemptState,
    BatchState,
    CheckKind,
    CheckResult,
    DifferenceKind,
    DifferenceState,
    Fact,
    FormKind,
    FormState,
    InvoiceKind,
    InvoiceState,
    Layout,
    PayChannel,
    RefundKind,
    RefundState,
    Source,
    Starter,
    Step,
    VoidState,
)


class Answer(serializers.Serializer[Any]):
    """Only described, never run."""


def choice(choices: Any, *, blank: bool = False, **kwargs: Any) -> serializers.ChoiceField:
    return serializers.ChoiceField(choices=choices.choices, allow_blank=blank, **kwargs)


def yuan(**kwargs: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=14, decimal_places=2, **{"help_text": "Yuan.", **kwargs})


def text(**kwargs: Any) -> serializers.CharField:
    return serializers.CharField(**{"allow_blank": True, **kwargs})


def moment(**kwargs: Any) -> serializers.DateTimeField:
    return serializers.DateTimeField(**{"allow_null": True, **kwargs})


def person(**kwargs: Any) -> serializers.CharField:
    return serializers.CharField(**{"allow_null": True, "help_text": "Staff number.", **kwargs})


class InvoiceAnswer(Answer):
    id = serializers.UUIDField()
    code = text()
    number = text()
    kind = choice(InvoiceKind)
    state = choice(InvoiceState)
    issued_at = moment(allow_null=False)
    buyer_name = text()
    buyer_tax_number = text()
    net = yuan(help_text="Yuan; negative on red invoices.")
    tax = yuan()
    gross = yuan()
    external_id = text(allow_null=True)
    customer = text(allow_null=True, help_text="The customer's `external_id`.")
    order = text(allow_null=True)
    red_of = text(allow_null=True, help_text="Code and number of the blue invoice.")
    replaces = text(allow_null=True)


class InvoiceLineAnswer(Answer):
    position = serializers.IntegerField()
    name = text()
    unit = text()
    quantity = serializers.DecimalField(max_digits=18, decimal_places=6)
    net = yuan()
    rate = serializers.DecimalField(max_digits=5, decimal_places=4)
    tax = yuan()
    left_quantity = serializers.DecimalField(max_digits=18, decimal_places=6, help_text="Not yet undone or held.")
    left_net = yuan()
    left_tax = yuan()


class FactAnswer(Answer):
    fact = choice(Fact)
    holds = serializers.BooleanField()
    source = choice(Source)
    at = moment(allow_null=False)


class InvoiceDetail(InvoiceAnswer):
    lines = InvoiceLineAnswer(many=True)
    facts = FactAnswer(many=True, help_text="The newest word on each.")


class PaymentAnswer(Answer):
    id = serializers.UUIDField()
    number = text()
    provider_number = text()
    channel = choice(PayChannel)
    customer = text(allow_null=True)
    order = text(allow_null=True)
    amount = yuan()
    left = yuan(help_text="Yuan that may still be refunded.")
    paid_at = moment(allow_null=False)
    payer = text(help_text="Masked.")


class VoidAnswer(Answer):
    id = serializers.UUIDField()
    number = text()
    state = choice(VoidState)
    round = serializers.IntegerField(help_text="Grows with each resubmission.")
    version = serializers.IntegerField()
    invoice = text()
    invoice_code = text()
    ticket = text(allow_null=True)
    reason = text(help_text="Reason code, e.g. 02.")
    words = text()
    whole = serializers.BooleanField()
    net = yuan()
    tax = yuan()
    amount = yuan(help_text="Gross that is undone, in yuan.")
    requested_by = person()
    submitted_at = moment()
    act = choice(Act, blank=True)
    rule = text(allow_null=True)
    basis = text(help_text="The regulation.")
    form_kind = choice(FormKind, blank=True)
    missing = serializers.ListField(child=choice(Fact), help_text="Facts to find out before it can be decided.")
    decided_at = moment()
    executed_at = moment()
    certificate = text()
    red_invoice = text(allow_null=True)


class VoidLineAnswer(Answer):
    line = serializers.IntegerField()
    quantity = serializers.DecimalField(max_digits=18, decimal_places=6)
    net = yuan()
    tax = yuan()


class CheckAnswer(Answer):
    kind = choice(CheckKind)
    result = choice(CheckResult)
    source = choice(Source, blank=True)
    detail = text()
    at = moment()
    by = person()


class FormAnswer(Answer):
    id = serializers.UUIDField()
    kind = choice(FormKind)
    starter = choice(Starter)
    number = text()
    state = choice(FormState)
    entered_at = moment(allow_null=False)
    confirm_by = moment()
    settled_at = moment()


class OperationAnswer(Answer):
    id = serializers.UUIDField()
    verb = text()
    through = text()
    key = text()
    state = choice(AttemptState)
    failure = text()
    certificate = text()


class SigningAnswer(Answer):
    steps = serializers.ListField(child=choice(Step))
    next = choice(Step, allow_null=True)
    amount = yuan(help_text="Yuan that count: splits of one customer and invoice together.")


class ApprovalAnswer(Answer):
    round = serializers.IntegerField()
    step = choice(Step)
    approved = serializers.BooleanField()
    by = person()
    on_behalf_of = person(help_text="Whose power was lent.")
    amount = yuan()
    reason = text()
    at = moment(allow_null=False)


class VoidDetail(VoidAnswer):
    lines = VoidLineAnswer(many=True)
    checks = CheckAnswer(many=True)
    forms = FormAnswer(many=True)
    operations = OperationAnswer(many=True)
    signing = SigningAnswer()
    approvals = ApprovalAnswer(many=True)


class RefundAnswer(Answer):
    id = serializers.UUIDField()
    number = text()
    state = choice(RefundState)
    kind = choice(RefundKind)
    round = serializers.IntegerField()
    version = serializers.IntegerField()
    payment = text(allow_null=True)
    ticket = text(allow_null=True)
    void_request = text(allow_null=True)
    amount = yuan()
    words = text()
    channel = choice(PayChannel)
    method = text()
    requested_by = person()
    payee_name = text(help_text="Masked.")
    payee_account = text(help_text="Masked.")
    payee_bank = text()
    held_because = text(help_text="What an approved refund waits for.")
    created_at = moment(allow_null=False)
    settled_at = moment()


class AttemptAnswer(Answer):
    id = serializers.UUIDField()
    position = serializers.IntegerField()
    number = text()
    channel = choice(PayChannel)
    method = text()
    state = choice(AttemptState)
    amount = yuan()
    provider_number = text()
    failure = text()
    created_at = moment(allow_null=False)
    settled_at = moment()


class RefundDetail(RefundAnswer):
    attempts = AttemptAnswer(many=True)
    signing = SigningAnswer()
    approvals = ApprovalAnswer(many=True)


class BatchAnswer(Answer):
    id = serializers.UUIDField()
    number = text()
    state = choice(BatchState)
    layout = choice(Layout)
    total = yuan()
    count = serializers.IntegerField()
    drawn_up_by = person()
    released_by = person()
    released_at = moment()
    downloaded_at = moment()
    digest = text(help_text="SHA-256 of the file, fixed at the release.")


class BatchRowAnswer(Answer):
    position = serializers.IntegerField()
    refund = text()
    number = text()
    amount = yuan()
    payee_name = text()
    payee_account = text()
    state = choice(AttemptState)
    failure = text()
    bank_reference = text()


class BatchDetail(BatchAnswer):
    rows = BatchRowAnswer(many=True)


class DifferenceAnswer(Answer):
    id = serializers.UUIDField()
    channel = choice(PayChannel)
    day = serializers.DateField()
    number = text()
    kind = choice(DifferenceKind)
    ours = yuan(allow_null=True)
    theirs = yuan(allow_null=True)
    detail = text()
    state = choice(DifferenceState)
    owner = person()
    resolution = text()
    resolved_by = person()
    resolved_at = moment()
    created_at = moment(allow_null=False)


class DelegationAnswer(Answer):
    id = serializers.UUIDField()
    subject = choice(ApprovalLimit.Subject)
    giver = person()
    taker = person()
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    reason = text()
    ended_at = moment()


class WaitingAnswer(Answer):
    """One thing that the caller may decide now."""

    kind = serializers.ChoiceField(choices=["void_request", "refund", "bank_batch"])
    number = text()
    amount = yuan(help_text="Yuan that count for the limit.")
    step = text(allow_null=True)
    filed_by = person()
    since = moment(allow_null=False)
    on_behalf_of = person()
    address = text(help_text="Where it is decided.")


class WaitingList(Answer):
    results = WaitingAnswer(many=True)


class SettlementAnswer(Answer):
    """Yuan. `total` = refund + compensation + logistics − penalties, within the cap."""

    tickets = serializers.ListField(child=text(), help_text="The first complaint and its repeats.")
    refund = yuan()
    compensation = yuan()
    logistics = yuan()
    penalties = yuan()
    pending = yuan()
    cap = yuan(allow_null=True)
    sum = yuan()
    total = yuan()


def paged(row: type[Answer], name: str) -> type[Answer]:
    """A page of such rows."""
    fields = {"results": row(many=True), "next": serializers.URLField(allow_null=True)}
    return type(name, (Answer,), fields)

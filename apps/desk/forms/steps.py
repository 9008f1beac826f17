"""The forms behind the buttons of the workspace, one for each step that asks for something."""

from collections import defaultdict
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Department, User
from apps.core import money
from apps.core.uploads import ACCEPT
from apps.core.vocabulary import Demand, Kind, Urgency
from apps.crm.contacts import PERSONAL_FIELDS
from apps.desk.forms.base import DeskForm, FilesInput, MomentField, ReasonForm, TextArea
from apps.feedback.models import Solution, Ticket
from apps.feedback.services import conversation
from apps.feedback.states import MessageKind, RejectReason, SolutionType
from apps.sla.models import Deadline
from apps.triage.models import Category
from apps.triage.states import Impact

NOBODY = _("— nobody yet —")
GIVEN = "given_"  # what the sender gave this time, where the record says otherwise
REVEALED = (*PERSONAL_FIELDS, f"{GIVEN}name", f"{GIVEN}phone", f"{GIVEN}email")


class AssignForm(ReasonForm):
    name = "assign"
    department = forms.ModelChoiceField(label=_("Department"), queryset=Department.objects.none(), empty_label=None)
    assignee = forms.ModelChoiceField(
        label=_("Handler"), queryset=User.objects.none(), required=False, empty_label=NOBODY
    )
    collaborators = forms.ModelMultipleChoiceField(
        label=_("Working with"), queryset=Department.objects.none(), required=False, widget=forms.CheckboxSelectMultiple
    )
    field_order = ("department", "assignee", "collaborators", "reason")

    def prepare(self) -> None:
        departments = Department.objects.filter(active=True)
        people = User.objects.filter(is_active=True, department__active=True).select_related("department")
        self.fields["department"].queryset = self.fields["collaborators"].queryset = departments
        self.fields["assignee"].queryset = people
        self.fields["assignee"].choices = by_department(people)
        if self.ticket is not None:
            self.fields["department"].initial = self.ticket.department_id
            self.fields["assignee"].initial = self.ticket.assignee_id
            self.fields["collaborators"].initial = self.ticket.collaborator_ids


def by_department(people: Any) -> list[tuple[Any, Any]]:
    """Colleagues as choices under the names of their departments."""
    groups: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for person in people.order_by("department__code", "username"):
        groups[str(person.department)].append((person.pk, str(person)))
    return [("", NOBODY), *groups.items()]


class QuestionForm(DeskForm):
    name = "ask_customer"
    body = forms.CharField(label=_("Question to the customer"), required=False, widget=TextArea(4))


class MoneyField(forms.DecimalField):
    """Yuan as people write them: `1,234.50`, `￥ 80`."""

    def to_python(self, value: Any) -> Any:
        text = str(value or "").strip()
        if not text:
            return None
        amount = money.read(text)
        if amount is None:
            raise forms.ValidationError(self.error_messages["invalid"])
        return amount


class SolutionForm(DeskForm):
    name = "propose_solution"
    type = forms.ChoiceField(label=_("Solution"), choices=SolutionType.choices)
    description = forms.CharField(label=_("What the customer gets"), required=False, widget=TextArea(3))
    cost = MoneyField(
        label=_("Estimated cost (yuan)"),
        initial=Decimal(0),
        widget=forms.TextInput({"inputmode": "decimal"}),
        error_messages={"invalid": _("Write the amount in yuan, e.g. 128.50.")},
    )

    def prepare(self) -> None:
        if self.ticket is not None and self.ticket.demand in SolutionType.values:
            self.fields["type"].initial = self.ticket.demand


class ApproveForm(ReasonForm):
    name = "approve_solution"

    def prepare(self) -> None:
        self.fields["reason"].label = _("Remark (optional)")


class DeclineForm(ReasonForm):
    name = "decline_solution"

    def prepare(self) -> None:
        self.fields["reason"].label = _("Why not, and what should change")


class ResolveForm(DeskForm):
    name = "resolve"
    result = forms.CharField(label=_("Result for the customer"), required=False, widget=TextArea(5))

    def prepare(self) -> None:
        """Begin with what was approved for this customer, so that it is not typed again."""
        if self.ticket is not None and not self.is_bound:
            approved = Solution.objects.filter(ticket=self.ticket, approved=True).first()
            self.fields["result"].initial = self.ticket.result or (approved.description if approved else "")


class RejectForm(ReasonForm):
    name = "reject"
    why = forms.ChoiceField(
        label=_("It is"), choices=RejectReason.choices, widget=forms.RadioSelect, initial=RejectReason.SPAM
    )
    duplicate_of = forms.CharField(label=_("Number of the first ticket"), required=False, max_length=30)
    field_order = ("why", "duplicate_of", "reason")

    def clean_duplicate_of(self) -> Ticket | None:
        number = self.cleaned_data["duplicate_of"].strip()
        if not number:
            if self.cleaned_data.get("why") == RejectReason.DUPLICATE:
                raise forms.ValidationError(_("Of which ticket is it a duplicate?"))
            return None
        found = Ticket.objects.visible_to(self.actor).filter(number=number).first()
        if found is None:
            raise forms.ValidationError(_("There is no ticket with this number that you may see."))
        return found


class ResumeForm(ReasonForm):
    name = "resume"


class RestoreForm(ReasonForm):
    name = "restore"


class ReopenForm(ReasonForm):
    name = "reopen"


class CloseForm(ReasonForm):
    name = "close_followed_up"


class SupervisorForm(ReasonForm):
    name = "supervisor"


class FollowUpForm(DeskForm):
    name = "record_follow_up"
    body = forms.CharField(
        label=_("What the call or visit brought"), required=False, widget=TextArea(4),
        help_text=_("Whom you spoke with, what was wrong, what was agreed."),
    )  # fmt: skip


class PlanForm(DeskForm):
    name = "plan"
    compared = ("steps", "measures", "promised_at")
    steps = forms.CharField(
        label=_("Troubleshooting steps"), required=False, widget=TextArea(3),
        help_text=_("Needed for faults and technical issues."),
    )  # fmt: skip
    measures = forms.CharField(
        label=_("Measures"), required=False, widget=TextArea(3), help_text=_("What is done for the customer.")
    )
    promised_at = MomentField(label=_("Done by"), required=False)

    def prepare(self) -> None:
        plan = self.ticket.plans.first() if self.ticket is not None and not self.is_bound else None
        if plan is not None:
            self.initial = {"steps": plan.steps, "measures": plan.measures, "promised_at": plan.promised_at}


class ReclassifyForm(ReasonForm):
    name = "reclassify"
    category = forms.ModelChoiceField(label=_("Category"), queryset=Category.objects.none(), empty_label=None)
    kind = forms.ChoiceField(label=_("Kind"), choices=Kind.choices)
    urgency = forms.ChoiceField(label=_("Urgency"), choices=Urgency.choices)
    impact = forms.ChoiceField(label=_("Impact range"), choices=Impact.choices)
    demand = forms.ChoiceField(label=_("Demand"), choices=Demand.choices)
    field_order = ("category", "kind", "urgency", "impact", "demand", "reason")
    compared = field_order[:-1]

    def prepare(self) -> None:
        known = Category.objects.filter(active=True) | Category.objects.filter(pk=self.ticket.category_id)
        self.fields["category"].queryset = known
        self.fields["category"].label_from_instance = _indented
        self.initial = {name: getattr(self.ticket, name) for name in ("kind", "urgency", "impact", "demand")}
        self.initial["category"] = self.ticket.category_id
        self.fields["reason"].label = _("Why is it changed?")


def _indented(category: Category) -> str:
    return f"　{category.name}" if category.parent_id else category.name


class MessageForm(DeskForm):
    """The composer: what the customer reads, what stays inside, what was said on the phone (HND-03)."""

    name = "message"
    takes_files = True
    kind = forms.ChoiceField(
        label=_("What"),
        choices=[
            (k.value, k.label)
            for k in (
                MessageKind.REPLY,
                MessageKind.PROGRESS,
                MessageKind.NOTE,
                MessageKind.CALL,
                MessageKind.TEST_REPORT,
            )
        ],
        initial=MessageKind.REPLY,
        widget=forms.RadioSelect,
    )
    body = forms.CharField(
        label=_("Text"), required=False, widget=TextArea(2, placeholder=_("To the customer, or to colleagues…"))
    )
    files = forms.FileField(label=_("Files"), required=False, widget=FilesInput({"accept": ACCEPT}))

    def prepare(self) -> None:
        ticket = self.ticket
        if ticket is not None and (not ticket.is_open or conversation.why_not_to_customer(ticket)):
            inside = (MessageKind.NOTE, MessageKind.CALL, MessageKind.TEST_REPORT)
            self.fields["kind"].choices = [(k.value, k.label) for k in inside]
            self.fields["kind"].initial = MessageKind.NOTE
            self.fields["body"].widget.attrs["placeholder"] = _("To colleagues…")


class RevealForm(ReasonForm):
    name = "reveal"
    field = forms.ChoiceField(choices=[(field, field) for field in REVEALED], widget=forms.HiddenInput)

    def prepare(self) -> None:
        self.fields["reason"].widget = forms.TextInput()
        self.fields["reason"].label = _("What do you need it for? It is recorded.")


class DueForm(ReasonForm):
    """An extension, or any other due time set by hand (SLA-08)."""

    name = "set_due"
    deadline = forms.UUIDField(widget=forms.HiddenInput)
    due_at = MomentField(label=_("New due time"), required=False)
    field_order = ("deadline", "due_at", "reason")

    def clean_deadline(self) -> Deadline:
        found = Deadline.objects.filter(pk=self.cleaned_data["deadline"], subject_id=self.ticket.pk).first()
        if found is None:
            raise forms.ValidationError(_("There is no such deadline."))
        return found

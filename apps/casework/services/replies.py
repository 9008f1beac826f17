"""Reply templates and tone guides (HND-06): kept by staff, filled for a ticket."""

from apps.casework import placeholders
from apps.casework.models import ReplyTemplate, ToneGuide
from apps.casework.selectors import replies
from apps.casework.services import rules, work
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.crm.models import Customer
from apps.crm.services import customers
from apps.feedback.models import Ticket
from apps.feedback.services import words
from apps.journal.events import ref

CLEAR = "crm.view_personal_data"


def check(template: ReplyTemplate) -> None:
    """Raises DomainErrors: `core.required`, `core.too_long`, `core.control_characters`, `reply.unknown_placeholder`,
    `reply.stray_brace`, `reply.title_taken`."""
    found = words.text_errors(template.title, "title", limit=60, required="core.required")
    found += words.text_errors(template.body, "body", limit=placeholders.BODY_LENGTH, required="core.required")
    found += placeholders.check(template.body)
    same = ReplyTemplate.objects.filter(title=template.title.strip(), language=template.language)
    if same.exclude(pk=template.pk).exists():
        found.append(DomainError("reply.title_taken", field="title"))
    if found:
        raise DomainErrors(found)


def save(template: ReplyTemplate, *, actor: Actor) -> ReplyTemplate:
    """Add or change a template. Raises DomainError `core.not_allowed`; DomainErrors as `check` does."""
    check(template)
    template.title, template.body = template.title.strip(), template.body.replace("\r\n", "\n").strip()
    return rules.save(template, actor=actor)


def check_guide(guide: ToneGuide) -> None:
    """Raises DomainErrors: `core.required`, `core.too_long`, `core.control_characters`."""
    if found := words.text_errors(guide.text, "text", limit=1_000, required="core.required"):
        raise DomainErrors(found)


def filled(template: ReplyTemplate, ticket: Ticket, *, actor: Actor) -> str:
    """The template's text for a reply to this ticket's customer.

    Personal fields stand there in the clear for who may see them, and that look is recorded; masked for others (INT-06).
    Raises DomainError `core.not_allowed`.
    """
    return filled_text(template.body, ticket, actor=actor, language=template.language, why=template.title)


def filled_text(body: str, ticket: Ticket, *, actor: Actor, language: str = "", why: str = "") -> str:
    """As `filled`, for a text that is no template."""
    work.require(actor, work.HANDLE)
    if not actor.can(CLEAR):
        return replies.preview(body, ticket, actor, language)

    def personal(field: str) -> str:
        customer = Customer.objects.get(pk=ticket.customer_id)
        if not getattr(customer, field):
            return ""
        return customers.reveal(customer, field, actor=actor, reason=why, about=ref(ticket))

    found = placeholders.values(body, ticket, actor, language or ticket.language, personal)
    return placeholders.fill(body, found)

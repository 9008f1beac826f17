"""Changing the words of messages."""

from uuid import UUID

from django.db import transaction

from apps.core import clock, locks
from apps.core.actors import Actor
from apps.core.errors import DomainErrors
from apps.journal import events
from apps.notifications import rendering, shipped
from apps.notifications.events import TEMPLATE_CHANGED
from apps.notifications.models import Template


@transaction.atomic
def install() -> tuple[int, int]:
    """Create missing templates and bring those nobody edited up to the shipped text. Returns (created, renewed)."""
    present = {shipped.Key(t.code, t.channel, t.language): t for t in Template.objects.all()}
    missing = [
        Template(code=key.code, channel=key.channel, language=key.language, subject=text.subject, body=text.body)
        for key, text in shipped.texts().items()
        if key not in present
    ]
    Template.objects.bulk_create(missing)
    outdated = [
        (template, shipped.texts()[key])
        for key, template in present.items()
        if not template.edited and key in shipped.texts() and _text(template) != shipped.texts()[key]
    ]
    for template, text in outdated:
        template.subject, template.body = text
        template.save(update_fields=["subject", "body"])
    return len(missing), len(outdated)


@transaction.atomic
def change(template_id: UUID, *, subject: str, body: str, active: bool, actor: Actor) -> Template:
    """Change a text or switch it on or off. Raises DomainErrors naming the field of each mistake in it."""
    template = locks.row(Template, template_id)
    subject, body = rendering.one_line(subject), body.replace("\r\n", "\n").strip()
    problems = rendering.check(template.code, template.channel, subject, body)
    if problems:
        raise DomainErrors(problems)
    words_changed = _text(template) != (subject, body)
    if not words_changed and template.active == active:
        return template
    return _store(template, shipped.Text(subject, body), active, edited=template.edited or words_changed, actor=actor)


@transaction.atomic
def restore(template_id: UUID, *, actor: Actor) -> bool:
    """Put the shipped text back. Returns False when it stands there already."""
    template = locks.row(Template, template_id)
    text = shipped.texts().get(shipped.Key(template.code, template.channel, template.language))
    if text is None or (_text(template) == text and not template.edited):
        return False
    _store(template, text, template.active, edited=False, actor=actor)
    return True


def _text(template: Template) -> shipped.Text:
    return shipped.Text(template.subject, template.body)


def _store(template: Template, text: shipped.Text, active: bool, *, edited: bool, actor: Actor) -> Template:
    before = {"subject": template.subject, "body": template.body, "active": template.active}
    template.subject, template.body = text
    template.active, template.edited, template.changed_at = active, edited, clock.now()
    template.save(update_fields=["subject", "body", "active", "edited", "changed_at"])
    after = {"subject": template.subject, "body": template.body, "active": template.active}
    changes = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    events.record(
        TEMPLATE_CHANGED,
        subject=template,
        actor=actor,
        data={"code": template.code, "channel": template.channel, "language": template.language, "changes": changes},
    )
    return template

from celery import shared_task

from apps.core import clock
from apps.core.models import Heartbeat
from apps.feedback.services import incoming_mail, mailboxes, search_index, tag_library
from apps.journal import doorbell


@shared_task(name=mailboxes.FETCH)
def fetch_mail() -> None:
    doorbell.answered(mailboxes.FETCH)
    mailboxes.fetch_due()
    Heartbeat.objects.update_or_create(name=mailboxes.FETCH, defaults={"at": clock.now()})


@shared_task(name="feedback.discard_mail")
def discard_mail() -> None:
    """Mails are kept for MAIL_RAW_DAYS days; what became of them stays."""
    incoming_mail.discard_raw()


@shared_task(name="feedback.index_texts")
def index_texts() -> None:
    """Tickets from before the search, or made findable by older rules, follow by themselves (HND-09)."""
    search_index.catch_up(seconds=40)


@shared_task(name=tag_library.REPLACE)
def replace_tags() -> None:
    """Renamed tags reach the tickets that have them (CLS-08)."""
    doorbell.answered(tag_library.REPLACE)
    tag_library.replace_all()

"""Wiping what casework says about a ticket's customer (LAW-05, ARC-05)."""

from uuid import UUID

from apps.casework.models import CareTask, Checklist, ChecklistItem, Evidence, Interview, Investigation, TimeEntry
from apps.core.erasure import Wiped, wipe, wipe_uploads


def erase_ticket(ticket_id: UUID) -> Wiped:
    """Inside the caller's transaction. Twice is once."""
    evidence = Evidence.objects.filter(ticket_id=ticket_id)
    done = wipe(Investigation.objects.filter(ticket_id=ticket_id), texts=("findings", "root_cause", "conclusion"))
    done += wipe(
        Interview.objects.filter(ticket_id=ticket_id), texts=("said", "strike_reason"),
        blanks=("person", "person_masked"),
    )  # fmt: skip
    done += wipe(evidence, texts=("note", "strike_reason"))
    done += wipe_uploads(evidence.values_list("upload_id", flat=True))
    done += wipe(CareTask.objects.filter(ticket_id=ticket_id), texts=("outcome",))
    done += wipe(Checklist.objects.filter(ticket_id=ticket_id), texts=("removal_reason",))
    done += wipe(ChecklistItem.objects.filter(checklist__ticket_id=ticket_id), texts=("reason",))
    done += wipe(TimeEntry.objects.filter(ticket_id=ticket_id), texts=("note",))
    return done

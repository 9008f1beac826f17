"""Who hears of the keyword library: `triage` stands beside the notices, so this room passes it on."""

from django.urls import reverse

from apps.accounts import selectors as people
from apps.accounts.models import Department
from apps.accounts.roles import Role
from apps.journal.models import Event
from apps.journal.receivers import on
from apps.notifications.services import outbox
from apps.triage import events as triage

PRODUCT = "product"  # the code of the department whose head answers for products


@on(triage.REVIEW_DUE, name="feedback.tell_library_reviewers")
def tell_library_reviewers(event: Event) -> None:
    """Service and product leads hear once a month that the keyword library is to be looked over (CLS-02)."""
    users = {user.pk: user for user in people.with_role(Role.SERVICE_LEAD, Role.QUALITY)}
    for department in Department.objects.filter(code=PRODUCT, active=True):
        users |= {user.pk: user for user in people.heads_of(department.pk)}
    link = reverse("admin:triage_libraryreview_change", args=[event.subject_id])
    context = {"month": event.data["month"], "changes": str(event.data["changes"])}
    outbox.notify_many(list(users.values()), "library_review", context=context, event=event, link=link)

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.billing.states import AttemptState
from apps.core.models import Noun


class OutboundCall(Noun):
    """A call to the outside that must take effect exactly once: its row and number are committed before the first call,
    and after an accident it is asked about under the same number before anything else (REF-02, VOI-06).

    Moved on only by `services.outbound`.
    """

    state = models.CharField(_("state"), max_length=12, choices=AttemptState, default=AttemptState.CREATED)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    next_query_at = models.DateTimeField(_("asked about next"), null=True, blank=True, editable=False)
    queries = models.PositiveIntegerField(_("times asked"), default=0)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    answer = models.JSONField(_("last answer"), default=dict)  # no personal data
    failure = models.CharField(_("failure"), max_length=60, blank=True)

    is_fresh = False  # True on the instance that was just claimed for its first sending

    class Meta:
        abstract = True

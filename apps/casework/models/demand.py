from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.casework.models.rule import TicketRule
from apps.casework.states import demanding_states


class StateDemand(TicketRule):
    """What a ticket must have before it may enter a state (HND-11). What can be asked for: `casework.demandable`."""

    state = models.CharField(_("before this state"), max_length=20, choices=demanding_states)
    needs = models.CharField(_("is needed"), max_length=40)
    hint = models.CharField(
        pgettext_lazy("demanded field", "why"), max_length=200, blank=True, help_text=_("Shown to whoever is held up.")
    )

    class Meta:
        verbose_name = _("demanded field")
        verbose_name_plural = _("demanded fields")
        ordering = ["state", "needs"]

    def __str__(self) -> str:
        from apps.casework.demandable import NEEDS  # it reads these models

        need = NEEDS.get(self.needs)
        return f"{self.get_state_display()}: {need.label if need else self.needs}"

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.core.vocabulary import Kind, Risk, Tier, Urgency


class PriorityLevel(models.TextChoices):
    """What the score amounts to (CLS-05); from how many points on is a row of `ScoreWeight` with factor `level`."""

    CRITICAL = "critical", _("Critical priority")
    HIGH = "high", _("High")
    MEDIUM = "medium", _("Medium")
    LOW = "low", _("Low")


class Impact(models.TextChoices):
    """How many are affected (CLS-05)."""

    SINGLE = "single", _("One customer")
    SEVERAL = "several", _("Several customers")
    MANY = "many", _("Many customers or a system")


class Factor(models.TextChoices):
    """What a priority score is made of (CLS-05). The value of a `ScoreWeight` row means something else for each."""

    URGENCY = "urgency", _("Urgency")
    TIER = "tier", _("Customer tier")
    KIND = "kind", _("Kind")
    RISK = "risk", _("Risk")
    IMPACT = "impact", _("Impact range")
    REPEATS = "repeats", _("Earlier feedback")  # value: a number, "at least so many"
    SENTIMENT = "sentiment", _("Tone")  # value: a number from -1 to 0, "at or below"
    NUDGES = "nudges", _("Nudges")  # 催单; value: a number, "at least so many"
    LEVEL = "level", _("Level from points")  # value: a PriorityLevel; points: from how many on


CHOICES = {
    Factor.URGENCY: Urgency,
    Factor.TIER: Tier,
    Factor.KIND: Kind,
    Factor.RISK: Risk,
    Factor.IMPACT: Impact,
    Factor.LEVEL: PriorityLevel,
}


def value_label(factor: str, value: str) -> str:
    """A value in words; a code that is no longer known stands for itself."""
    choices = CHOICES.get(Factor(factor)) if factor in Factor.values else None
    return str(choices(value).label) if choices and value in choices.values else value

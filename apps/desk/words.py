"""How the desk says time: what is left, what is late, how long ago. `static/desk/desk.js` says it the same way."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

MINUTE, HOUR, DAY = 60, 3_600, 86_400

# The same sentences for the script that keeps an open page up to date.
FORMATS: dict[str, str | Promise] = {
    "left": gettext_lazy("%(time)s left"),
    "late": gettext_lazy("%(time)s late"),
    "days_hours": gettext_lazy("%(days)s d %(hours)s h"),
    "days": gettext_lazy("%(days)s d"),
    "hours_minutes": gettext_lazy("%(hours)s h %(minutes)s min"),
    "hours": gettext_lazy("%(hours)s h"),
    "minutes": gettext_lazy("%(minutes)s min"),
}


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline as it is shown. `level`: quiet, soon, late or paused; `share`: percent of the time still left."""

    at: datetime
    level: str
    words: str
    share: int
    started: datetime | None = None


def due(at: datetime, now: datetime, soon: timedelta, *, started: datetime | None = None, paused: bool = False) -> Due:
    """How a deadline stands. `soon` is how long before it that it counts as due soon."""
    left = at - now
    level = "late" if left <= timedelta(0) else "soon" if left < soon else "quiet"
    if paused:
        return Due(at, "paused", _("The clock stands still"), 100, started)
    words = str(FORMATS["late" if level == "late" else "left"]) % {"time": duration(abs(left))}
    return Due(at, level, words, _share(at, now, soon, started), started)


def _share(at: datetime, now: datetime, soon: timedelta, started: datetime | None) -> int:
    whole = at - (started or at - 6 * soon)
    if whole <= timedelta(0):
        return 0
    return max(0, min(100, round(100 * ((at - now) / whole))))


def duration(length: timedelta) -> str:
    """At most two units, e.g. `1 h 20 min`; less than a minute is one minute."""
    seconds = max(MINUTE, int(length.total_seconds()))
    days, hours = divmod(seconds // HOUR, 24)
    minutes = seconds % HOUR // MINUTE
    if days >= 2 or (days and not hours):
        key = "days"
    elif days:
        key = "days_hours"
    elif hours:
        key = "hours_minutes" if minutes else "hours"
    else:
        key = "minutes"
    return str(FORMATS[key]) % {"days": days, "hours": hours, "minutes": minutes}

"""Colleagues named in notes with `@`, and who may see what."""

import re

from django.db.models import Q

from apps.accounts.models import User
from apps.core import actors
from apps.feedback.models import Ticket

MARK = re.compile(r"(?<![\w.@])[@＠]([\w.\-]{1,60})(?:[（(]([\w\-]{1,20})[)）])?")
SHOWN = 8
LONGEST = 60


def may_see(user: User, ticket: Ticket) -> bool:
    return Ticket.objects.visible_to(actors.staff(user)).filter(pk=ticket.pk).exists()


def mentioned(text: str) -> list[User]:
    """Active colleagues whom the text names: `@王芳`, `@wangfang`, `@S0012`, or `@王芳(S0012)` where two share a name.

    Chinese goes on without a space after a name (`@王芳请看一下`): the longest name that the words begin with counts.
    A name that two share and no staff number tells apart names nobody; neither does an e-mail address.
    """
    marks = MARK.findall(text)
    if not marks:
        return []
    staff = list(User.objects.filter(is_active=True, is_staff=True))
    found: dict[int, User] = {}
    for word, number in marks:
        user = _named(word, number, staff)
        if user is not None:
            found[user.pk] = user
    return list(found.values())


def _named(word: str, number: str, staff: list[User]) -> User | None:
    if number:
        return next((u for u in staff if u.staff_number == number and word.startswith(str(u))), None)
    best: list[User] = []
    length = 0
    for user in staff:
        for name in (user.display_name, user.username, user.staff_number or ""):
            if name and _begins(word, name):
                if len(name) > length:
                    best, length = [user], len(name)
                elif len(name) == length and user not in best:
                    best.append(user)
    return best[0] if len(best) == 1 else None


def _begins(word: str, name: str) -> bool:
    """Whether the word is this name, or begins with it and goes on in Chinese."""
    if not word.lower().startswith(name.lower()):
        return False
    rest = word[len(name) :]
    return not rest or not (rest[0].isascii() and name[-1].isascii() and (rest[0].isalnum() or rest[0] in "_-"))


def suggested(typed: str, ticket: Ticket) -> list[tuple[User, str]]:
    """Colleagues whose name, log-in name or number holds what was typed, with what stands after the `@` for each."""
    typed = typed.strip()[:LONGEST]
    staff = User.objects.filter(is_active=True, is_staff=True).select_related("department")
    if typed:
        staff = staff.filter(
            Q(display_name__icontains=typed) | Q(username__istartswith=typed) | Q(staff_number__istartswith=typed)
        )
    near = sorted(staff.order_by("username")[:200], key=lambda u: (u.department_id != ticket.department_id, str(u)))
    shown = near[:SHOWN]
    names = [str(u) for u in User.objects.filter(is_active=True, display_name__in=[str(u) for u in shown])]
    return [(u, f"{u}({u.staff_number})" if names.count(str(u)) > 1 and u.staff_number else str(u)) for u in shown]

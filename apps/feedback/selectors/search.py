"""Full-text search over tickets and what was said on them (HND-09).

Several words must all be there, `"words in quotes"` side by side, `-word` not at all. No question is wrong: what cannot
be understood is passed over. The index does the work; only where no word of it matches, the latest tickets are read
letter by letter.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from django.db.models import F, Func, IntegerField, TextField, Value
from django.db.models.functions import Cast

from apps.core.actors import Actor
from apps.feedback.lexemes import asked, quoted
from apps.feedback.models import Message, SearchText, Ticket
from apps.feedback.models.ticket import TicketQuerySet
from apps.feedback.states import MessageKind
from apps.triage.folding import fold

LONGEST = 200  # characters of a question
TERMS = 16
LETTERS_WINDOW = 10_000  # tickets that are read letter by letter
FEW = 2_000  # matches that are asked for by their ids
NEWEST, OFTEN = 1_000, 50  # so many of the newest texts are looked at, and a word that so many of them hold is common
RANKED = 300  # of the matches, the newest so many are put in the order of how well they match
BEFORE, AFTER = 24, 90  # characters of a snippet around its first hit
PREFIX_LETTERS, PREFIX_DIGITS = 3, 6  # from which length the beginning of a name or number is enough

_QUOTES = str.maketrans("“”„«»「」『』–—−", '"""""""""---')
_TERM = re.compile(r'(-?)"([^"]*)"?|(\S+)')


@dataclass(frozen=True)
class Query:
    """A question as it was understood, folded. `terms` are what was typed, for reading letter by letter."""

    words: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    without: tuple[tuple[str, ...], ...] = ()
    without_phrases: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()

    @property
    def asks(self) -> bool:
        """Whether there is anything to look for; what must not be there is no question of its own."""
        return bool(self.terms)

    @cached_property
    def tsquery(self) -> str:
        parts = [_lexeme(word) for word in self.words]
        parts += [f"!({' & '.join(_lexeme(word) for word in words)})" for words in self.without]
        return " & ".join(parts)

    @cached_property
    def pattern(self) -> "re.Pattern[str]":
        """What is marked in a folded text, the longest first."""
        typed = (term for term in (*self.phrases, *self.terms) if not term.isascii())
        known = sorted({*self.words, *typed}, key=len, reverse=True)
        return re.compile("|".join(_spelling(word) for word in known) or r"(?!)")


def parse(text: str) -> Query:
    """What a question asks for. Quotes may be Chinese and dashes of any length; an open quote ends with the text."""
    words: list[str] = []
    phrases, without, without_phrases, terms = [], [], [], []
    typed = fold(text.replace("\x00", " ")[:LONGEST]).translate(_QUOTES)
    for minus, phrase, word in list(_TERM.findall(typed))[:TERMS]:
        if word.startswith("-"):
            minus, word = "-", word.lstrip("-")
        plain = (phrase or word).strip(' "')
        found = asked(plain)
        if not any(character.isalnum() for character in plain):
            continue
        if minus and phrase:
            without_phrases.append(plain)
        elif minus:
            without.append(tuple(found)) if found else without_phrases.append(plain)
        else:
            words += found
            terms.append(plain)
            if phrase:
                phrases.append(plain)
    return Query(tuple(dict.fromkeys(words)), tuple(phrases), tuple(without), tuple(without_phrases), tuple(terms))


def _lexeme(word: str) -> str:
    """The beginning of a name or of a long number is enough; Chinese words are whole."""
    shortest = PREFIX_DIGITS if word.isdigit() else PREFIX_LETTERS
    return f"{quoted(word)}:*" if word.isascii() and len(word) >= shortest else quoted(word)


def _spelling(word: str) -> str:
    if not word.isascii():
        return re.escape(word)
    edge = r"\d" if word.isdigit() else "[a-z0-9]"
    end = "" if _lexeme(word).endswith("*") else f"(?!{edge})"
    return f"(?<!{edge})" + "[-_/#,]?".join(map(re.escape, word)) + end


# Tickets --------------------------------------------------------------------------------------------------------------


def matching(tickets: TicketQuerySet, query: Query, actor: Actor) -> TicketQuerySet:
    """Those of these tickets, visible to this actor, that hold what is asked for. A question without words finds none.

    PostgreSQL cannot tell how rare a rare word or the beginning of a number is, and might walk along all tickets to find
    fifty. So the index is asked first, and up to FEW matches are asked for by their ids; of more than that, fifty are soon
    found by walking. For who sees a part only, the index must meet all that hold the word with all of that part: it is
    spared where the newest texts show that the word is common.
    """
    if not query.words:
        return tickets.none()
    held = {"words__hold": query.tsquery}
    scopes = _scopes(actor)
    if scopes is not None:  # `visible_to` says the same; this is what the index can answer
        held["scopes__overlap"] = scopes
    few = None if scopes is not None and _is_common(held) else _few(held)
    if few is not None:
        found = tickets.filter(pk__in=few)
    else:
        found = tickets.filter(**{f"search_text__{name}": value for name, value in held.items()})
    for phrase in query.phrases:
        found = found.filter(search_text__text__contains=phrase)
    return _without_phrases(found, query)


def _few(held: dict[str, Any]) -> list[str] | None:
    """The ids of what matches; None for more than FEW. As texts: keys that only tell "many" need not become UUIDs."""
    keys = list(SearchText.objects.filter(**held).values_list(Cast("pk", TextField()), flat=True)[: FEW + 1])
    return keys if len(keys) <= FEW else None


def _is_common(held: dict[str, Any]) -> bool:
    keys = SearchText.objects.order_by("-pk").values_list("pk", flat=True)
    edge = keys[NEWEST : NEWEST + 1].first()
    return edge is not None and len(keys.filter(pk__gt=edge, **held)[:OFTEN]) == OFTEN


def _scopes(actor: Actor) -> list[int] | None:
    """How `SearchText.scopes` tells what an actor may see (`TicketQuerySet.visible_to`); None: everything."""
    if actor.kind == "system" or actor.can("feedback.view_all_tickets") or actor.user is None:
        return None
    department = getattr(actor.user, "department_id", None)
    return [-actor.user.pk, *([department] if department else [])]


def _without_phrases(tickets: TicketQuerySet, query: Query) -> TicketQuerySet:
    for phrase in query.without_phrases:
        tickets = tickets.exclude(search_text__text__contains=phrase)
    return tickets


def by_letters(tickets: TicketQuerySet, query: Query, actor: Actor) -> TicketQuerySet:
    """Those among the latest LETTERS_WINDOW tickets of this actor that hold the very letters asked for, wherever words end."""
    if not query.asks:
        return tickets.none()
    window = SearchText.objects.order_by("-pk")
    scopes = _scopes(actor)
    if scopes is not None:
        window = window.filter(scopes__overlap=scopes)
    edge = window.values_list("pk", flat=True)[LETTERS_WINDOW : LETTERS_WINDOW + 1].first()
    held = window.filter(pk__gt=edge) if edge is not None else window
    for term in query.terms:
        held = held.filter(text__contains=term)
    for words in query.without:
        held = held.exclude(words__hold=" & ".join(map(quoted, words)))
    return _without_phrases(tickets.filter(pk__in=list(held.values_list("pk", flat=True)[:RANKED])), query)


class _Rank(Func):
    template = "(ts_rank(%(expressions)s::tsquery) * 1000000)::int"
    output_field = IntegerField()


def ranked(tickets: TicketQuerySet, query: Query) -> TicketQuerySet:
    """The newest RANKED of these matches with `rank`: how well each fits, title and numbers first, what was said last."""
    newest = tickets.order_by("-pk").values("pk")[:RANKED]
    return Ticket.objects.filter(pk__in=newest).annotate(rank=_Rank(F("search_text__words"), Value(query.tsquery)))


# What is shown of a match ---------------------------------------------------------------------------------------------

Piece = tuple[str, bool]  # a stretch of text, and whether it is a hit


@dataclass(frozen=True, slots=True)
class Snippet:
    """Where a ticket holds what was asked for: its marked title, and a stretch of the text that says the most of it.

    `source` is empty for the ticket's own texts, or the kind of the message in words.
    """

    title: list[Piece]
    text: list[Piece]
    source: str = ""


def snippets(tickets: Sequence[Ticket], query: Query) -> dict[UUID, Snippet]:
    """The snippet of each ticket on a page, with two queries."""
    ids = [ticket.pk for ticket in tickets]
    texts: dict[UUID, list[tuple[str, str]]] = {pk: [] for pk in ids}
    for pk, description, result in Ticket.objects.filter(pk__in=ids).values_list("pk", "description", "result"):
        texts[pk] += [("", description), ("", result)]
    said = Message.objects.filter(ticket__in=ids).order_by("-at", "-id").values_list("ticket", "kind", "body")
    for pk, kind, body in said:
        texts[pk].append((str(MessageKind(kind).label), body))
    return {ticket.pk: _snippet(ticket.title, texts[ticket.pk], query) for ticket in tickets}


def _snippet(title: str, texts: list[tuple[str, str]], query: Query) -> Snippet:
    in_title = _hits(title, query)
    best: tuple[int, Any, str] = (0, "", "")
    for source, text in texts:
        news = len(_hits(text, query) - in_title)
        if news > best[0]:
            best = (news, text, source)
    return Snippet(marked(title, query), marked(_around(best[1], in_title, query), query) if best[0] else [], best[2])


def _hits(text: str, query: Query) -> set[str]:
    return set(query.pattern.findall(fold(text)))


def _around(text: str, but: set[str], query: Query) -> str:
    """The stretch around the first hit that isn't in the title."""
    at = next((hit.start() for hit in query.pattern.finditer(fold(text)) if hit[0] not in but), 0)
    first, last = max(0, at - BEFORE), min(len(text), at + AFTER)
    line = re.sub(r"\s+", " ", text[first:last]).strip()
    return f"{'…' if first else ''}{line}{'…' if last < len(text) else ''}"


def marked(text: str, query: Query) -> list[Piece]:
    """The text cut at its hits; neighbouring hits are one. Nothing is escaped yet."""
    pieces: list[Piece] = []
    place = 0
    for hit in query.pattern.finditer(fold(text)):  # one character stays one character
        if hit.start() == place and pieces and pieces[-1][1]:
            pieces[-1] = (pieces[-1][0] + text[hit.start() : hit.end()], True)
        else:
            if hit.start() > place:
                pieces.append((text[place : hit.start()], False))
            pieces.append((text[hit.start() : hit.end()], True))
        place = hit.end()
    if place < len(text):
        pieces.append((text[place:], False))
    return pieces

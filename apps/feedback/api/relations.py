"""`/api/v1/tickets/…/{relations,links,children,attach,detach,merge,unmerge,repeat,tags,nudges}/`: how tickets hang together."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts.principals import actor_for
from apps.core.actors import Actor
from apps.core.errors import DomainError, DomainErrors
from apps.core.rest import StrictSerializer, TextField, idempotent
from apps.feedback.api import answers, describe, rows, steps
from apps.feedback.api.answers import Answer, TicketRow
from apps.feedback.api.views import known, require
from apps.feedback.models import Ticket
from apps.feedback.selectors import relations as reads
from apps.feedback.services import merging, nudges, part_tickets, parts, relations, repeats, tag_library, tagging
from apps.feedback.services.parts import PartDraft
from apps.feedback.states import TicketState


def _number(**kwargs: Any) -> TextField:
    return TextField(max_length=20, **kwargs)


class LinkInput(StrictSerializer):
    """`relation` is said from this ticket's side."""

    relation = serializers.ChoiceField(choices=relations.CHOICES)
    tickets = serializers.ListField(child=_number(), min_length=1, max_length=relations.MOST, help_text="Numbers.")
    reason = TextField(required=False, max_length=500)


class ChildInput(StrictSerializer):
    """What is to be done, and by which department; without `text` the customer's own words are passed on."""

    title = TextField()
    department = TextField(max_length=30, help_text="The department's code.")
    text = TextField(required=False)
    assignee = TextField(required=False, allow_null=True, max_length=20, help_text="Staff number of one of its people.")


class AttachInput(StrictSerializer):
    """Tickets of the same customer that stand for themselves so far."""

    tickets = serializers.ListField(child=_number(), min_length=1, max_length=part_tickets.MOST, help_text="Numbers.")
    reason = TextField(required=False, max_length=part_tickets.REASON)


class MergeInput(StrictSerializer):
    into = _number(help_text="The number of the ticket that answers for this one from now on.")
    reason = TextField(required=False, max_length=500)


class ReasonInput(StrictSerializer):
    reason = TextField(max_length=500)


class RepeatInput(StrictSerializer):
    """With `first` this ticket repeats that one; with null it counts for itself again, and `reason` says why."""

    first = _number(allow_null=True, help_text="The number of the first ticket, or null.")
    reason = TextField(required=False, max_length=500)


class TagsInput(StrictSerializer):
    """All tags of the ticket; what is not named is taken off."""

    tags = serializers.ListField(child=TextField(max_length=100), max_length=2 * tagging.MOST)


class NudgeInput(StrictSerializer):
    """The customer's words, if there are any."""

    reason = TextField(required=False, max_length=500)


class RelatedTicket(Answer):
    number = serializers.CharField()
    state = answers.choice(TicketState)
    title = serializers.CharField(allow_null=True, help_text="null where this key may not see the ticket.")


class LinkAnswer(Answer):
    id = serializers.UUIDField()
    relation = serializers.ChoiceField(choices=relations.Relation.choices)
    ticket = RelatedTicket()
    reason = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()


class LinkList(Answer):
    results = LinkAnswer(many=True)


class RelationsAnswer(Answer):
    """`first` and `repeats`: the same customer's same issue; `children` hold their parent open."""

    first = RelatedTicket(allow_null=True)
    repeats = RelatedTicket(many=True)
    merged_into = RelatedTicket(allow_null=True)
    merged = RelatedTicket(many=True)
    parent = RelatedTicket(allow_null=True)
    children = RelatedTicket(many=True)
    links = LinkAnswer(many=True)


class TicketRows(Answer):
    results = TicketRow(many=True)


class TagList(Answer):
    results = serializers.ListField(child=serializers.CharField())


LINK, CHILD, ATTACH, MERGE, REASONED = LinkInput(), ChildInput(), AttachInput(), MergeInput(), ReasonInput()
REPEAT, TAGS, NUDGE = RepeatInput(), TagsInput(), NudgeInput()
KEYED = [describe.IDEMPOTENCY_KEY]
HANDLE = "Scope `tickets:handle`."


def other(actor: Actor, number: str, field: str) -> Ticket:
    """Another ticket that the input names. Raises DomainErrors beside the field."""
    found = Ticket.objects.visible_to(actor).filter(number=number).first()
    if found is None:
        raise DomainErrors([DomainError("ticket.duplicate_unknown", field=field)])
    return found


def _renamed(error: DomainError, **names: str) -> DomainError:
    """The same error, beside the field as the API calls it: `service=api`."""
    return DomainError(error.code, field=names.get(error.field or "", error.field), **error.data)


def _short(ticket: Ticket | None, hidden: set[UUID]) -> dict[str, Any] | None:
    if ticket is None:
        return None
    return {
        "number": ticket.number,
        "state": ticket.state,
        "title": None if ticket.pk in hidden else ticket.title,
    }


def _link(linked: reads.Linked, hidden: set[UUID]) -> dict[str, Any]:
    return {
        "id": linked.link.pk,
        "relation": linked.relation.value,
        "ticket": _short(linked.ticket, hidden),
        "reason": linked.link.reason,
        "at": linked.link.at,
    }


class RelationsView(APIView):
    @extend_schema(
        operation_id="tickets_relations_retrieve",
        summary="What the ticket hangs together with",
        responses={200: RelationsAnswer},
    )
    def get(self, request: Request, number: str) -> Response:
        actor = actor_for(request)
        found = reads.of(known(actor, number), actor)
        hidden = found.hidden
        return Response(
            {
                "first": _short(found.first, hidden),
                "repeats": [_short(t, hidden) for t in found.repeats],
                "merged_into": _short(found.leader, hidden),
                "merged": [_short(t, hidden) for t in found.members],
                "parent": _short(found.whole, hidden),
                "children": [_short(t, hidden) for t in found.parts],
                "links": [_link(each, hidden) for each in found.links],
            }
        )


class LinksView(APIView):
    @extend_schema(
        operation_id="tickets_links_create",
        summary="Link to one or many other tickets",
        description=f"Answers all links of the ticket. What is linked so already stays as it is. {HANDLE}",
        parameters=KEYED,
        request=LinkInput,
        responses={200: LinkList},
        examples=[
            OpenApiExample(
                "One problem, many tickets",
                value={"relation": "related", "tickets": ["202405-007", "202405-019"], "reason": "批次B2605电池"},
                request_only=True,
            )
        ],
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = actor_for(request)
        ticket, values = known(actor, number), LINK.run_validation(request.data)
        others = [other(actor, each, "tickets") for each in dict.fromkeys(values["tickets"])]
        relations.link(ticket, others, values["relation"], actor=actor, reason=values.get("reason", ""))
        found = reads.of(ticket, actor)
        return Response({"results": [_link(each, found.hidden) for each in found.links]})


class LinkView(APIView):
    @extend_schema(
        operation_id="tickets_links_destroy", summary="Take a link away", description=HANDLE, responses={204: None}
    )
    def delete(self, request: Request, number: str, link_id: UUID) -> Response:
        actor = actor_for(request)
        relations.unlink(known(actor, number), link_id, actor=actor)
        return Response(status=204)


class ChildrenView(APIView):
    @extend_schema(
        operation_id="tickets_children_create",
        summary="Hand a part of the work to a department",
        description=f"The child holds its parent open until it is done; its customer is told by the parent only. {HANDLE}",
        parameters=KEYED,
        request=ChildInput,
        responses={201: TicketRow},
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = actor_for(request)
        ticket, values = known(actor, number), CHILD.run_validation(request.data)
        draft = PartDraft(
            title=values["title"],
            department=steps.department("department", values["department"]),
            text=values.get("text", ""),
            assignee=steps.person(values.get("assignee")),
        )
        return Response(rows.of(parts.create(ticket, draft, actor=actor)), status=201)


class AttachView(APIView):
    @extend_schema(
        operation_id="tickets_attach_create",
        summary="Make existing tickets parts of this one",
        description=(
            "All of them, or none; answers the attached ones. They hold this ticket open until they are done, and their"
            f" customer is told by it only. What is a part already is refused (409 `part.has_whole`). {HANDLE}"
        ),
        parameters=KEYED,
        request=AttachInput,
        responses={200: TicketRows},
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = actor_for(request)
        ticket, values = known(actor, number), ATTACH.run_validation(request.data)
        others = [other(actor, each, "tickets") for each in dict.fromkeys(values["tickets"])]
        try:
            attached = part_tickets.attach(ticket, others, actor=actor, reason=values.get("reason", ""))
        except DomainError as error:
            raise _renamed(error, others="tickets") from error
        return Response({"results": [rows.of(part) for part in attached]})


class DetachView(APIView):
    @extend_schema(
        operation_id="tickets_detach_create",
        summary="Let a part stand for itself again",
        description=f"It owes its customer again what a ticket does, reckoned from when it came in. {HANDLE}",
        parameters=KEYED,
        request=ReasonInput,
        responses={200: TicketRow},
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = actor_for(request)
        ticket, values = known(actor, number), REASONED.run_validation(request.data)
        return Response(rows.of(part_tickets.detach(ticket, actor=actor, reason=values["reason"])))


class MergeView(APIView):
    @extend_schema(
        operation_id="tickets_merge_create",
        summary="Merge into another ticket",
        description=f"Its deadlines end; where both owe the same, the earlier due time holds. Nothing is lost. {HANDLE}",
        parameters=KEYED,
        request=MergeInput,
        responses={200: TicketRow},
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = actor_for(request)
        ticket, values = known(actor, number), MERGE.run_validation(request.data)
        into = other(actor, values["into"], "into")
        return Response(rows.of(merging.merge(ticket, into, actor=actor, reason=values.get("reason", ""))))


class UnmergeView(APIView):
    @extend_schema(
        operation_id="tickets_unmerge_create",
        summary="Take out again",
        description=f"It is in the state it was merged in, its deadlines run as if they had never stopped. {HANDLE}",
        parameters=KEYED,
        request=ReasonInput,
        responses={200: TicketRow},
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = actor_for(request)
        ticket, values = known(actor, number), REASONED.run_validation(request.data)
        return Response(rows.of(merging.unmerge(ticket, actor=actor, reason=values["reason"])))


class RepeatView(APIView):
    @extend_schema(
        operation_id="tickets_repeat_create",
        summary="Say whether it repeats another ticket",
        description=f"Statistics count the first one only. {HANDLE}",
        parameters=KEYED,
        request=RepeatInput,
        responses={200: TicketRow},
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = actor_for(request)
        ticket, values = known(actor, number), REPEAT.run_validation(request.data)
        reason = values.get("reason", "")
        if values["first"] is None:
            return Response(rows.of(repeats.unlink(ticket, actor=actor, reason=reason)))
        first = other(actor, values["first"], "first")
        return Response(rows.of(repeats.link(ticket, first, actor=actor, reason=reason)))


class TicketTagsView(APIView):
    @extend_schema(
        operation_id="tickets_tags_create",
        summary="Set the tags",
        description=f"At most {tagging.MOST} of {tagging.LENGTH} characters; width, case and spaces do not count. {HANDLE}",
        parameters=KEYED,
        request=TagsInput,
        responses={200: TicketRow},
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = actor_for(request)
        ticket, values = known(actor, number), TAGS.run_validation(request.data)
        return Response(rows.of(tagging.replace(ticket, values["tags"], actor=actor)))


class NudgesView(APIView):
    @extend_schema(
        operation_id="tickets_nudges_create",
        summary="The customer asks where it stands",
        description="Counts, raises the priority and tells whoever works on it. Once in some hours; too soon answers 429. "
        "A merged ticket passes it on to the one it went into, which is the answer. Scope `tickets:write`.",
        parameters=KEYED,
        request=NudgeInput,
        responses={200: TicketRow},
    )
    @idempotent
    def post(self, request: Request, number: str) -> Response:
        actor = actor_for(request)
        ticket, values = known(actor, number), NUDGE.run_validation(request.data)
        return Response(rows.of(nudges.nudge(ticket, actor=actor, reason=values.get("reason", ""))))


class TagsView(APIView):
    @extend_schema(
        operation_id="tags_list",
        summary="Tags that begin so, the most used first",
        parameters=[OpenApiParameter("q", str, description="The beginning of a tag.")],
        responses={200: TagList},
    )
    def get(self, request: Request) -> Response:
        require(actor_for(request), "feedback.view_ticket")
        return Response({"results": tag_library.beginning(request.query_params.get("q", "")[:60])})

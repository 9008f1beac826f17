from django.urls import path, register_converter

from apps.feedback.api import authority, relations, views


class NumberConverter:
    """`202405-001`, and longer serials in busy months (INT-02)."""

    regex = "D?[0-9]{6}-[0-9]{3,12}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(NumberConverter, "feedback_number")

urlpatterns = [
    path("tickets/", views.TicketsView.as_view(), name="api-tickets"),
    path("tickets/<feedback_number:number>/", views.TicketView.as_view(), name="api-ticket"),
    path("tickets/<feedback_number:number>/transitions/", views.TransitionsView.as_view(), name="api-transitions"),
    path("tickets/<feedback_number:number>/plans/", views.PlansView.as_view(), name="api-plans"),
    path("tickets/<feedback_number:number>/messages/", views.MessagesView.as_view(), name="api-messages"),
    *(
        path(f"tickets/<feedback_number:number>/{name}/", view.as_view(), name=f"api-{name}")
        for name, view in {
            "relations": relations.RelationsView,
            "links": relations.LinksView,
            "children": relations.ChildrenView,
            "attach": relations.AttachView,
            "detach": relations.DetachView,
            "merge": relations.MergeView,
            "unmerge": relations.UnmergeView,
            "repeat": relations.RepeatView,
            "tags": relations.TicketTagsView,
            "nudges": relations.NudgesView,
        }.items()
    ),
    path("tickets/<feedback_number:number>/links/<uuid:link_id>/", relations.LinkView.as_view(), name="api-link"),
    path("tags/", relations.TagsView.as_view(), name="api-tag-list"),
    path("tickets/<feedback_number:number>/events/", views.EventsView.as_view(), name="api-events"),
    path(
        "tickets/<feedback_number:number>/extensions/",
        authority.TicketExtensionsView.as_view(),
        name="api-ticket-extensions",
    ),
    path("tickets/<feedback_number:number>/regulator-case/", authority.CaseView.as_view(), name="api-regulator-case"),
    path(
        "tickets/<feedback_number:number>/regulator-case/outcome/",
        authority.OutcomeView.as_view(),
        name="api-regulator-outcome",
    ),
]

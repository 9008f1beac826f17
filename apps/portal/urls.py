from django.urls import path, register_converter

from apps.portal.views import feedback, help, receipt, site, survey, tracking


class Number:
    """A ticket number: year, month, serial (INT-02)."""

    regex = r"D?[0-9]{6}-[0-9]{3,12}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class Token(Number):
    """The unguessable part of a private link, see `feedback.services.links`."""

    regex = r"[A-Za-z0-9_-]{16,64}"


register_converter(Number, "ticket_number")
register_converter(Token, "token")

_TICKET = "t/<ticket_number:number>/<token:token>/"

app_name = "portal"
urlpatterns = [
    path("", feedback.form, name="form"),
    path("robots.txt", site.robots, name="robots"),
    path("help/", help.overview, name="help"),
    path("help/suggest/", help.suggest, name="suggest"),
    path("help/<slug:key>/", help.article, name="article"),
    path("help/<slug:key>/vote/", help.vote, name="vote"),
    path(_TICKET, tracking.track, name="track"),
    path(f"{_TICKET}sent/", feedback.sent, name="sent"),
    path(f"{_TICKET}receipt/", receipt.receipt, name="receipt"),
    path(f"{_TICKET}message/", tracking.add_message, name="add_message"),
    path(f"{_TICKET}supervisor/", tracking.supervisor, name="supervisor"),
    path(f"{_TICKET}nudge/", tracking.nudge, name="nudge"),
    path(f"{_TICKET}reopen/", tracking.reopen, name="reopen"),
    path(f"{_TICKET}my-data/", tracking.my_data, name="my_data"),
    path(f"{_TICKET}files/<uuid:attachment_id>/", tracking.attachment, name="attachment"),
    path("s/<uuid:survey_id>/<token:token>/", survey.survey, name="survey"),
]

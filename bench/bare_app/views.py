"""What one writes in ten minutes with Django REST framework, and what we measure ourselves against."""

from rest_framework import serializers
from rest_framework.pagination import CursorPagination
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.viewsets import ModelViewSet

from apps.feedback.api.rows import COLUMNS
from bench.bare_app.models import BareTicket

TAKES = ("description", "contact_channel", "product_text", "order_number", "place", "language", "demand")


class BareRow(serializers.ModelSerializer):
    """The columns of a row of `/api/v1/tickets/`."""

    class Meta:
        model = BareTicket
        fields = list(COLUMNS)


class BareInput(serializers.ModelSerializer):
    """The same row as the answer, and as input what a client of ours sends."""

    class Meta:
        model = BareTicket
        fields = [*COLUMNS, *TAKES]
        read_only_fields = ["id", "number", "state", "received_at"]


class Pages(CursorPagination):
    page_size = 50
    ordering = "-id"


class BareTickets(ModelViewSet):
    queryset = BareTicket.objects.all()
    pagination_class = Pages
    filterset_fields = ["state", "kind", "department"]
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()
    renderer_classes = (JSONRenderer,)
    parser_classes = (JSONParser,)

    def get_serializer_class(self):
        return BareRow if self.action == "list" else BareInput

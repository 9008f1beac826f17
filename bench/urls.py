from django.urls import path

from bench.bare_app.views import BareTickets
from feedback_system.urls import urlpatterns as _product

urlpatterns = [*_product, path("bare/tickets/", BareTickets.as_view({"get": "list", "post": "create"}))]

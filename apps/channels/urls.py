from django.urls import path

from apps.channels import webhooks

app_name = "channels"
urlpatterns = [path("<uuid:door_id>/", webhooks.knock, name="knock")]

from django.urls import path

from apps.channels.chat import views

app_name = "chat"
urlpatterns = [
    path("widget.js", views.script, name="script"),
    path("demo/", views.demo, name="demo"),
    path("talk/", views.state, name="state"),
    path("talk/say/", views.say, name="say"),
    path("talk/reopen/", views.reopen, name="reopen"),
    path("talk/files/<uuid:attachment_id>/", views.file, name="file"),
    path("<uuid:door_id>/", views.frame, name="frame"),
    path("<uuid:door_id>/start/", views.start, name="start"),
]

from django.urls import path

from apps.casework.api import views
from apps.feedback.api import urls as feedback  # registers the converter of ticket numbers

assert feedback.urlpatterns

TICKET = "tickets/<feedback_number:number>/"
urlpatterns = [
    path("checklist-templates/", views.ChecklistTemplatesView.as_view(), name="api-checklist-templates"),
    path("reply-templates/", views.ReplyTemplatesView.as_view(), name="api-reply-templates"),
    path("macros/", views.MacrosView.as_view(), name="api-macros"),
    path(f"{TICKET}checklists/", views.ChecklistsView.as_view(), name="api-checklists"),
    path(f"{TICKET}checklists/items/<uuid:item_id>/", views.ChecklistItemView.as_view(), name="api-checklist-item"),
    path(f"{TICKET}investigation/", views.InvestigationView.as_view(), name="api-investigation"),
    path(f"{TICKET}investigation/interviews/", views.InterviewsView.as_view(), name="api-interviews"),
    path(f"{TICKET}time/", views.TimeView.as_view(), name="api-time"),
    path(f"{TICKET}care-tasks/", views.CareTasksView.as_view(), name="api-care-tasks"),
    path(f"{TICKET}care-tasks/<uuid:task_id>/", views.CareTaskView.as_view(), name="api-care-task"),
    path(
        f"{TICKET}reply-templates/<uuid:template_id>/", views.FilledTemplateView.as_view(), name="api-filled-template"
    ),
    path(f"{TICKET}macros/<uuid:macro_id>/", views.RunMacroView.as_view(), name="api-run-macro"),
]

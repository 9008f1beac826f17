from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FeedbackConfig(AppConfig):
    name = "apps.feedback"
    label = "feedback"
    verbose_name = _("Feedback")

    def ready(self) -> None:
        from importlib.util import find_spec

        if find_spec("apps.triage.services") and find_spec("apps.sla.services.deadlines"):  # until those rooms stand
            from apps.feedback import errors, receivers  # noqa: F401  (fill the registries)

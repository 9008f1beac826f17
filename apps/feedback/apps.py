from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FeedbackConfig(AppConfig):
    name = "apps.feedback"
    label = "feedback"
    verbose_name = _("Feedback")

    def ready(self) -> None:
        from apps.feedback import (  # noqa: F401  (fill the registries)
            errors,
            evidence,
            gates,
            library_receivers,
            offers,
            receivers,
            relation_receivers,
            subjects,
            triage_source,
        )

        triage_source.register()

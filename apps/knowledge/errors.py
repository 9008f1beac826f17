from django.utils.translation import gettext_lazy as _

from apps.core.errors import Problem, register

register(
    {
        "article.title_missing": Problem(422, _("Give the article a title: the question, as a customer would ask it.")),
        "article.body_missing": Problem(422, _("Write the answer.")),
        "article.own_text": Problem(403, _("Somebody who did not write this text reads it and publishes it.")),
        "article.not_a_draft": Problem(409, _("Only a draft can be changed. Take the article up again first.")),
        "article.personal_data": Problem(
            422, _("This looks like personal data: “%(found)s”. An article is read by strangers; take it out.")
        ),
        "article.topic_in_use": Problem(409, _("Articles stand under this topic. Retire it instead.")),
    }
)

"""Forms about what comes back from a ticket: a rating by phone, what slowed the handler down, an article."""

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.desk.forms.base import DeskForm, TextArea
from apps.feedback.models import ProcessFeedback, Survey
from apps.feedback.services import case_articles
from apps.knowledge.models import Topic
from apps.knowledge.states import Audience

NOT_ASKED = [("", _("not asked"))]


class RatingForm(DeskForm):
    """What the customer said on the phone (SUR-02)."""

    name = "record_rating"
    score = forms.TypedChoiceField(
        label=_("How satisfied is the customer?"), choices=Survey.Score.choices, coerce=int, widget=forms.RadioSelect
    )
    process_score = forms.TypedChoiceField(
        label=_("And with the way it was handled?"), choices=[*NOT_ASKED, *Survey.Score.choices], coerce=int,
        required=False, empty_value=None, widget=forms.RadioSelect,
    )  # fmt: skip
    comment = forms.CharField(
        label=_("The customer's own words"), required=False, widget=TextArea(3),
        help_text=_("Word for word: if they say that it is still broken, the ticket goes to second follow-up."),
    )  # fmt: skip


class ProcessFeedbackForm(DeskForm):
    """One tap, and words where there is something to say (SUR-05)."""

    name = "process_feedback"
    obstacle = forms.ChoiceField(
        label=_("What slowed you down?"), choices=ProcessFeedback.Obstacle.choices, widget=forms.RadioSelect
    )
    words = forms.CharField(
        label=_("In words (optional)"), required=False, widget=TextArea(2),
        help_text=_("About steps and tools, not about people. Leads read it."),
    )  # fmt: skip


class ArticleForm(DeskForm):
    """The beginning of an article, scrubbed; whoever makes it reads it once more (KB-01)."""

    name = "make_article"
    title = forms.CharField(label=_("Question"), required=False, widget=forms.TextInput({"maxlength": 120}))
    body = forms.CharField(
        label=_("Text of the answer"), required=False, widget=TextArea(10),
        help_text=_("Personal data was taken out by its form; names in the text you see better than a program."),
    )  # fmt: skip
    topic = forms.ModelChoiceField(label=_("Topic"), queryset=Topic.objects.none(), empty_label=None)
    audience = forms.ChoiceField(label=_("For"), choices=Audience.choices, widget=forms.RadioSelect)

    def prepare(self) -> None:
        self.fields["topic"].queryset = Topic.objects.filter(active=True)
        self.initial["audience"] = Audience.CUSTOMERS
        if self.ticket is not None and not self.is_bound:
            draft = case_articles.proposed(self.ticket)
            self.initial.update(title=draft.title, body=draft.body, topic=draft.topic)

"""What the API answers, for the reader of its description; `rows` makes the values. Moments are in UTC."""

from rest_framework import serializers

from apps.casework.states import Activity, CareState, Party, StepKind, Tone
from apps.core.vocabulary import Channel, Language
from apps.feedback.api.answers import Answer, choice, moment, plain


class ChecklistItemAnswer(Answer):
    id = serializers.UUIDField()
    text = plain()
    required = serializers.BooleanField()
    settled_at = moment()
    settled_by = serializers.CharField(allow_null=True, help_text="Staff number.")
    not_applicable = serializers.BooleanField()
    reason = plain()


class ChecklistAnswer(Answer):
    id = serializers.UUIDField()
    name = plain()
    by_rule = serializers.BooleanField()
    items = ChecklistItemAnswer(many=True)


class ChecklistList(Answer):
    results = ChecklistAnswer(many=True)


class ChecklistTemplateAnswer(Answer):
    id = serializers.UUIDField()
    name = plain()
    automatic = serializers.BooleanField()


class ChecklistTemplateList(Answer):
    results = ChecklistTemplateAnswer(many=True)


class InvestigationVersion(Answer):
    number = serializers.IntegerField()
    findings = plain()
    root_cause = plain()
    department = serializers.CharField(allow_null=True, help_text="The department's code.")
    conclusion = plain()
    author = serializers.CharField(allow_null=True, help_text="Staff number.")
    at = moment(allow_null=False)
    signed_by = serializers.CharField(allow_null=True)
    signed_at = moment()


class InterviewAnswer(Answer):
    id = serializers.UUIDField()
    party = choice(Party)
    person = plain(help_text="Masked.")
    held_at = moment(allow_null=False)
    said = plain()
    struck_at = moment()
    strike_reason = plain()


class EvidenceAnswer(Answer):
    id = serializers.UUIDField()
    name = plain()
    sha256 = plain()
    note = plain()
    struck_at = moment()
    strike_reason = plain()


class InvestigationAnswer(Answer):
    versions = InvestigationVersion(many=True, help_text="The newest, which holds, first.")
    interviews = InterviewAnswer(many=True)
    evidence = EvidenceAnswer(many=True)


class TimeAnswer(Answer):
    id = serializers.UUIDField()
    user = serializers.CharField(allow_null=True, help_text="Staff number.")
    minutes = serializers.IntegerField(help_text="Negative in an entry that takes another back.")
    activity = choice(Activity)
    note = plain()
    worked_on = serializers.DateField()
    corrects = serializers.UUIDField(allow_null=True)


class TimeList(Answer):
    total = serializers.IntegerField(help_text="Minutes.")
    results = TimeAnswer(many=True)


class CareAnswer(Answer):
    id = serializers.UUIDField()
    title = plain()
    role = plain()
    state = choice(CareState)
    due_at = moment()
    outcome = plain()
    ended_at = moment()


class CareList(Answer):
    results = CareAnswer(many=True)


class ReplyTemplateAnswer(Answer):
    id = serializers.UUIDField()
    title = plain()
    body = plain(help_text="With placeholders such as `{customer}`.")
    language = choice(Language)
    tone = choice(Tone)
    category = serializers.CharField(allow_null=True)
    channel = choice(Channel, blank=True)


class ReplyTemplateList(Answer):
    results = ReplyTemplateAnswer(many=True)


class FilledAnswer(Answer):
    text = plain()


class MacroAnswer(Answer):
    id = serializers.UUIDField()
    name = plain()
    description = plain()
    steps = serializers.ListField(child=serializers.ChoiceField(choices=StepKind.choices))


class MacroList(Answer):
    results = MacroAnswer(many=True)


class MacroLine(Answer):
    words = plain()
    text = plain()


class MacroResult(Answer):
    ok = serializers.BooleanField(help_text="false: nothing was done, `words` says why.")
    words = plain()
    lines = MacroLine(many=True)

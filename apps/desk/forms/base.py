"""What all forms of the desk share. Rules live in the services; a form only turns what was typed into their arguments."""

import json
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.core.actors import Actor
from apps.core.clock import SHANGHAI
from apps.core.errors import DomainError, DomainErrors
from apps.core.models import Upload
from apps.feedback.models import Ticket


class DeskForm(forms.Form):
    """A form about one ticket. Several stand on one page, so ids carry the form's name."""

    use_required_attribute = False
    name = ""
    takes_files = False
    kept: list[Upload] = []  # files of an attempt that was refused; they need not be chosen again
    compared: tuple[str, ...] = ()  # fields that show what stands on the ticket, see `desk.meanwhile`
    meanwhile: Any = None  # what others changed while this form stood open, where it was refused for that

    def __init__(self, *args: Any, ticket: Ticket | None = None, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, auto_id=f"{self.name}-%s", label_suffix="", **kwargs)
        self.ticket, self.actor = ticket, actor
        self.prepare()
        for field in self.fields.values():
            field.widget.attrs.setdefault("autocomplete", "off")

    def prepare(self) -> None:
        """Choices and initial values from the ticket."""

    def anew(self) -> "DeskForm":
        """The same form as the ticket stands now, with nothing typed into it."""
        return type(self)(ticket=self.ticket, actor=self.actor)

    def held(self, name: str) -> str:
        """A field's value as its input holds it; lines end in LF."""
        bound = self[name]
        value, widget = bound.value(), bound.field.widget
        if not isinstance(widget, forms.Select):
            value = widget.format_value(value)
        return "" if value is None else str(value).replace("\r\n", "\n").strip()

    def seen(self) -> str:
        """What the ticket holds in the compared fields now, for the hidden field of that name."""
        fresh = self.anew() if self.is_bound else self
        return json.dumps({name: fresh.held(name) for name in self.compared}, ensure_ascii=False)

    def refuse(self, error: DomainError | DomainErrors) -> None:
        """Show a service's refusal beside its field, or above the form where it belongs to none."""
        for each in error.errors if isinstance(error, DomainErrors) else [error]:
            field = each.field if each.field in self.fields else None
            self.add_error(field, forms.ValidationError(each.words, code=each.code))


class TextArea(forms.Textarea):
    def __init__(self, rows: int = 3, **attrs: Any) -> None:
        super().__init__({"rows": rows, **attrs})


class MomentInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class MomentField(forms.DateTimeField):
    """A date and time on Shanghai's wall clock."""

    widget = MomentInput

    def prepare_value(self, value: Any) -> Any:
        return (
            value.astimezone(SHANGHAI).replace(tzinfo=None) if isinstance(value, datetime) and value.tzinfo else value
        )


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class FilesInput(forms.FileInput):
    allow_multiple_selected = True


class ReasonForm(DeskForm):
    """Nothing but words that stay with the event."""

    reason = forms.CharField(label=_("Reason"), required=False, widget=TextArea(2))

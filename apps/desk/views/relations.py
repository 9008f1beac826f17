"""Looking for another ticket, what merging with it would do, and tags while they are typed."""

from django.forms import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.accounts.principals import actor_for
from apps.desk.forms import relations as forms
from apps.desk.views.frame import ticket_or_404
from apps.feedback.selectors import relations as reads
from apps.feedback.services import merging, tag_library, tagging

FORMS = {form.offers: form for form in (forms.MergeForm, forms.RepeatForm)}
FIELDS = {"merge": "into", "repeat": "first"}


@require_GET
def find(request: HttpRequest, number: str) -> HttpResponse:
    """What fits what is typed; a whole number shows that ticket, for merging with what would happen."""
    ticket, actor = ticket_or_404(request, number), actor_for(request)
    purpose = request.GET.get("for", "merge")
    purpose = purpose if purpose in FORMS else "merge"
    name = FIELDS[purpose]
    typed = request.GET.get("choose") or request.GET.get(name, "")
    typed = typed.replace("\x00", "").strip()[:60]
    chosen, preview = None, None
    if typed:
        try:
            chosen = forms.visible(actor, typed)
        except ValidationError:
            pass
    if chosen is not None and purpose == "merge":
        preview = merging.preview(ticket, chosen, actor=actor)
    context = {
        "ticket": ticket,
        "purpose": purpose,
        "typed": typed,
        "chosen": chosen,
        "preview": preview,
        "found": [] if chosen is not None else reads.find(ticket, typed, actor),
        # A choice writes its number into the field.
        "field": FORMS[purpose](initial={name: typed}, ticket=ticket, actor=actor)[name]
        if request.GET.get("choose") else None,
    }  # fmt: skip
    return render(request, "desk/cards/_find_ticket.html", context)


@require_GET
def tags(request: HttpRequest) -> HttpResponse:
    """Completions for the last tag in the box, each as the whole box would read then."""
    typed = request.GET.get("tag", "").replace("\x00", "")[:400]
    parts = tagging.SEPARATORS.split(typed)
    before = "".join(f"{part.strip()}, " for part in parts[:-1] if part.strip())
    found = [(name, before + name) for name in tag_library.beginning(parts[-1])] if parts[-1].strip() else []
    return render(request, "desk/cards/_tag_options.html", {"found": found})

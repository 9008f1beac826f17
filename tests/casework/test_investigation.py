from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from apps.accounts.models import Department
from apps.casework.models import Evidence, Interview, Investigation
from apps.casework.selectors import papers
from apps.casework.services import investigations
from apps.casework.services.investigations import Draft
from apps.core import actors, clock, uploads
from apps.core.errors import DomainError, DomainErrors
from apps.feedback.models import Attachment, Ticket
from apps.journal.models import Event
from tests.desk.pages import at, do
from tests.factories import staff, ticket, ticket_in

pytestmark = pytest.mark.django_db


def draft(one: Ticket, **given: object) -> Draft:
    return Draft(
        **{
            "findings": "电池鼓包",
            "root_cause": "电芯批次",
            "department": one.department,
            "conclusion": "换货",
            **given,
        }
    )


def text_file(name: str = "检测报告.txt") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, "绝缘电阻 0.2 MΩ".encode(), content_type="text/plain")


def kept_file(name: str = "检测报告.txt"):
    return uploads.store([text_file(name)], actor=actors.SYSTEM)[0]


def interviewed(one: Ticket, actor, **given: object) -> Interview:
    values = {"party": "customer", "person": "李四", "held_at": clock.now() - timedelta(hours=1), "said": "插上就冒烟"}
    return investigations.add_interview(one, actor=actor, **{**values, **given})


@pytest.mark.req("HND-04")
def test_each_saving_is_a_version_and_the_newest_holds(clerk):
    one = ticket_in("in_progress", actor=clerk)
    investigations.write(one, draft(one, findings="先看了外壳"), actor=clerk)
    investigations.write(one, draft(one, findings="拆机看到电池鼓包"), actor=clerk)

    kept = list(Investigation.objects.filter(ticket=one).order_by("number").values_list("number", "findings"))

    assert kept == [(1, "先看了外壳"), (2, "拆机看到电池鼓包")]
    assert investigations.newest(one).findings == "拆机看到电池鼓包"


@pytest.mark.req("HND-04", "HND-08")
def test_nobody_writes_over_a_version_they_have_not_seen(clerk, lead):
    one = ticket_in("in_progress", actor=clerk)
    investigations.write(one, draft(one, number=0), actor=clerk)

    with pytest.raises(DomainError) as refused:
        investigations.write(one, draft(one, findings="另一种说法", number=0), actor=lead)

    assert refused.value.code == "core.stale"


@pytest.mark.req("HND-04")
def test_it_is_signed_off_by_name(clerk, lead):
    one = ticket_in("in_progress", actor=clerk)
    investigations.write(one, draft(one), actor=clerk)

    signed = investigations.sign(one, actor=lead, number=1)

    assert (signed.signed_by_id, signed.signed_at is not None) == (lead.user_id, True)
    event = Event.objects.get(kind="investigation.signed", subject_id=one.pk)
    assert (event.actor_id, event.data["version"]) == (lead.user_id, 1)


@pytest.mark.req("HND-04")
def test_only_who_may_sign_signs_and_only_what_is_complete(clerk, lead):
    one = ticket_in("in_progress", actor=clerk)
    investigations.write(one, draft(one, root_cause="", conclusion=""), actor=clerk)

    with pytest.raises(DomainError) as not_allowed:
        investigations.sign(one, actor=clerk)
    with pytest.raises(DomainError) as incomplete:
        investigations.sign(one, actor=lead)
    with pytest.raises(DomainError) as nobody:
        investigations.sign(one, actor=actors.SYSTEM)

    codes = [e.value.code for e in (not_allowed, incomplete, nobody)]
    assert codes == ["core.not_allowed", "investigation.incomplete", "core.not_allowed"]
    assert "根本原因" in incomplete.value.words and "结论" in incomplete.value.words


@pytest.mark.req("HND-04")
def test_what_is_signed_for_is_not_added_to_until_a_new_version_is_begun(clerk, lead):
    one = ticket_in("in_progress", actor=clerk)
    investigations.write(one, draft(one), actor=clerk)
    investigations.sign(one, actor=lead)

    with pytest.raises(DomainError) as refused:
        interviewed(one, clerk)
    assert refused.value.code == "investigation.signed"

    investigations.write(one, draft(one, findings="又拆了一台"), actor=clerk)
    interviewed(one, clerk)
    assert [v.signed_at is None for v in papers.record(Ticket.objects.get(pk=one.pk)).versions] == [True, False]


@pytest.mark.req("HND-04", "ADM-04")
def test_an_interviewees_name_is_encrypted_masked_and_shown_only_after_a_reason(clerk, signed_in):
    client = signed_in("service_staff")
    one = ticket_in("in_progress", actor=clerk)
    made = interviewed(one, clerk)
    raw = Interview.objects.filter(pk=made.pk).values_list("person_masked", flat=True).get()
    address = reverse("admin:desk_interviewee", args=[one.number, made.pk])

    page, refused, shown = client.get(at(one)), client.post(address), client.post(address, {"reason": "回拨核实"})

    assert raw == "李*" and "李四" not in page.content.decode() and "李*" in page.content.decode()
    assert refused.status_code == 422 and "李四" not in refused.content.decode()
    assert "李四" in shown.content.decode() and "no-store" in shown["Cache-Control"]
    event = Event.objects.get(kind="investigation.interviewee_revealed")
    assert (event.actor_id, event.reason) == (client.user.pk, "回拨核实")
    assert not Event.objects.filter(data__icontains="李四").exists()


def test_an_interview_in_the_future_without_name_or_words_is_refused(clerk):
    one = ticket_in("in_progress", actor=clerk)

    with pytest.raises(DomainErrors) as refused:
        interviewed(one, clerk, person=" ", said="", party="boss", held_at=clock.now() + timedelta(days=1))

    assert {e.field for e in refused.value.errors} == {"person", "said", "party", "held_at"}


@pytest.mark.req("HND-04")
def test_evidence_is_files_of_the_ticket_and_own_ones(clerk):
    one = ticket_in("in_progress", actor=clerk)
    came = Attachment.objects.create(ticket=one, upload=kept_file("照片说明.txt"))

    investigations.add_evidence(one, actor=clerk, attachments=[came], uploads=[kept_file()], note="绝缘不良")

    assert sorted(e.upload.name for e in Evidence.objects.filter(ticket=one)) == ["检测报告.txt", "照片说明.txt"]
    assert one.attachments.count() == 1  # an own file is no file that the customer sent


def test_a_file_of_another_ticket_is_no_evidence(clerk):
    one, other = ticket_in("in_progress", actor=clerk), ticket()
    foreign = Attachment.objects.create(ticket=other, upload=kept_file())

    with pytest.raises(DomainError) as refused:
        investigations.add_evidence(one, actor=clerk, attachments=[foreign])
    assert refused.value.code == "investigation.foreign_file"


def test_the_same_file_is_evidence_once(clerk):
    one = ticket_in("in_progress", actor=clerk)
    came = Attachment.objects.create(ticket=one, upload=kept_file())
    investigations.add_evidence(one, actor=clerk, attachments=[came])

    with pytest.raises(DomainError) as refused:
        investigations.add_evidence(one, actor=clerk, attachments=[came])
    assert refused.value.code == "investigation.file_there"


@pytest.mark.req("HND-04")
def test_what_is_wrong_is_struck_out_with_a_reason_and_stays(clerk):
    one = ticket_in("in_progress", actor=clerk)
    made = interviewed(one, clerk)

    with pytest.raises(DomainError):
        investigations.strike(made, actor=clerk, reason="")
    investigations.strike(made, actor=clerk, reason="记错了人")
    with pytest.raises(DomainError) as twice:
        investigations.strike(made, actor=clerk, reason="再划一次")

    kept = Interview.objects.get(pk=made.pk)
    assert (kept.strike_reason, kept.said, twice.value.code) == ("记错了人", "插上就冒烟", "investigation.struck")


@pytest.mark.req("HND-04")
def test_the_page_walks_from_findings_to_signature(signed_in):
    client = signed_in("service_lead")
    one = ticket_in("in_progress", actor=actors.staff(client.user))
    department = Department.objects.get(code="quality").pk
    typed = {"findings": "电池鼓包", "root_cause": "电芯批次", "department": department, "conclusion": "换货"}

    do(client, one, "investigation", number=0, **typed)
    do(client, one, "interview", party="colleague", person="王五", held_at="2026-01-05T10:00", said="批次共 200 台")
    do(client, one, "evidence", files=[text_file()], note="检测")
    do(client, one, "investigation_sign", number=1)

    record = papers.record(Ticket.objects.get(pk=one.pk))
    assert record.newest.signed_by_id == client.user.pk
    assert (len(record.interviews), len(record.evidence)) == (1, 1)
    page = client.get(at(one)).content.decode()
    assert "电池鼓包" in page and "王*" in page and "检测报告.txt" in page


def test_a_refused_form_comes_back_open_with_what_was_typed(signed_in):
    client = signed_in("service_lead")
    one = ticket_in("in_progress", actor=actors.staff(client.user))

    page = do(client, one, "investigation", htmx=True, number=0, findings="", conclusion="先写了结论")

    assert page.status_code == 422
    adding = page.content.decode().split('id="adding"')[1]
    assert "先写了结论" in adding and "请填写" in adding


@pytest.mark.req("HND-04")
def test_the_paper_has_everything_and_no_clear_name(clerk, lead, signed_in):
    one = ticket_in("in_progress", actor=clerk)
    investigations.write(one, draft(one), actor=clerk)
    interviewed(one, clerk)
    investigations.add_evidence(one, actor=clerk, uploads=[kept_file()])
    investigations.sign(one, actor=lead)
    client = signed_in("auditor")

    paper = client.get(reverse("admin:desk_investigation", args=[one.number])).content.decode()

    for words in (one.number, "电池鼓包", "电芯批次", "李*", "检测报告.txt", "SHA-256", str(lead.user)):
        assert words in paper
    assert "李四" not in paper and "张三" not in paper


@pytest.mark.req("ADM-02")
def test_papers_of_a_foreign_ticket_do_not_exist(clerk, signed_in):
    one = ticket_in("in_progress", actor=clerk)
    investigations.write(one, draft(one), actor=clerk)
    [piece] = investigations.add_evidence(one, actor=clerk, uploads=[kept_file()])
    made = interviewed(one, clerk)
    Ticket.objects.filter(pk=one.pk).update(department=Department.objects.get(code="finance"), collaborator_ids=[])
    client = signed_in(staff("department_handler", "logistics"))

    for name, args in (("desk_investigation", []), ("desk_evidence", [piece.pk])):
        assert client.get(reverse(f"admin:{name}", args=[one.number, *args])).status_code == 404
    address = reverse("admin:desk_interviewee", args=[one.number, made.pk])
    assert client.post(address, {"reason": "x"}).status_code == 404


def test_evidence_of_another_ticket_is_not_served_through_this_one(clerk, signed_in):
    one, other = ticket_in("in_progress", actor=clerk), ticket_in("in_progress", actor=clerk)
    [piece] = investigations.add_evidence(other, actor=clerk, uploads=[kept_file()])
    client = signed_in("service_staff")

    assert client.get(reverse("admin:desk_evidence", args=[other.number, piece.pk])).status_code == 200
    assert client.get(reverse("admin:desk_evidence", args=[one.number, piece.pk])).status_code == 404

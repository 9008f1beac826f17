"""Every state × transition of void requests, every row of VOID-RULES through the simulator, and races."""

import contextlib
import threading

import pytest
from django.db import IntegrityError, connection

from apps.billing.models import Approval, Invoice, InvoiceLine, TaxOperation, VoidRequest
from apps.billing.services import executing, red_forms, tax_by_hand, tax_operations, voids
from apps.billing.states import OPEN_ATTEMPTS, InvoiceKind, VoidState
from apps.core import clock
from apps.core.actors import SYSTEM
from apps.core.errors import DomainError, DomainErrors
from apps.journal import transitions
from apps.journal.models import Event
from apps.notifications.models import OutgoingMessage
from tests.billing import tax
from tests.money import UNUSED, finance, invoice, void_request

V = VoidState
NAMES = sorted({t.name for t in VoidRequest._meta.get_field("state").get_all_transitions(VoidRequest)})
LEGAL = {
    (source, t.name)
    for t in VoidRequest._meta.get_field("state").get_all_transitions(VoidRequest)
    for source in ([t.source] if isinstance(t.source, str) else t.source)
}


@pytest.mark.django_db
@pytest.mark.req("VOI-02", "VOI-06")
@pytest.mark.parametrize("state", VoidState.values)
def test_what_a_state_does_not_allow_is_refused_and_leaves_nothing(state):
    request = void_request()
    VoidRequest.objects.filter(pk=request.pk).update(state=state)
    before = (Event.objects.count(), list(InvoiceLine.objects.values_list("held_net", "held_tax")))
    illegal = [name for name in NAMES if (state, name) not in LEGAL]
    assert illegal

    for name in illegal:
        fresh = VoidRequest.objects.get(pk=request.pk)
        with pytest.raises(DomainError):
            transitions.apply(fresh, name, actor=SYSTEM)

    assert VoidRequest.objects.get().state == state
    assert (Event.objects.count(), list(InvoiceLine.objects.values_list("held_net", "held_tax"))) == before
    assert not OutgoingMessage.objects.exists() and not TaxOperation.objects.exists()


def test_the_matrix_is_whole():
    assert {state for state, _ in LEGAL} | {V.ARCHIVED, V.WITHDRAWN} == set(VoidState.values)
    assert not [pair for pair in LEGAL if pair[0] in (V.ARCHIVED, V.WITHDRAWN)]


# VOID-RULES, row by row ------------------------------------------------------------------------------------------------

K = InvoiceKind
SPECIAL = {"copies_back": True, "tax_filed": False, "seller_booked": False, "authenticated": False}
FILED = {**SPECIAL, "tax_filed": True}
# row, kind, facts, rule, act, who has to do something for the form: "" none, "seller" alone, "buyer" starts, "both"
ROWS = [
    ("1", K.PAPER_SPECIAL, SPECIAL, "paper-special-void", "void", ""),
    ("2", K.PAPER_SPECIAL, {**FILED, "deducted": True}, "paper-special-deducted", "red", "buyer"),
    (
        "3", K.PAPER_SPECIAL, {**FILED, "copies_back": False, "deducted": False, "delivered": True},
        "paper-special-copies-out", "red", "buyer",
    ),
    ("4a", K.PAPER_SPECIAL, {**FILED, "deducted": False, "delivered": False}, "paper-special-not-delivered", "red", "seller"),
    ("4b", K.PAPER_SPECIAL, {**FILED, "deducted": False, "delivered": True}, "paper-special-copies-back", "red", "seller"),
    ("5", K.PAPER_ORDINARY, {"copies_back": True, "tax_filed": False}, "paper-ordinary-void", "void", ""),
    ("5r", K.ROLL, {"copies_back": True, "tax_filed": False}, "paper-ordinary-void", "void", ""),
    ("6", K.PAPER_ORDINARY, {"copies_back": False}, "paper-ordinary-red", "red", ""),
    ("7", K.E_ORDINARY, {}, "e-ordinary-red", "red", ""),
    ("8", K.E_SPECIAL, {"deducted": True}, "e-special-deducted", "red", "buyer"),
    ("9", K.E_SPECIAL, {"deducted": False}, "e-special-not-deducted", "red", "seller"),
    ("10", K.DIGITAL_SPECIAL, UNUSED, "digital-unused", "red", "seller"),
    ("11u", K.DIGITAL_ORDINARY, {**UNUSED, "use_confirmed": True}, "digital-use-confirmed", "red", "both"),
    ("11b", K.DIGITAL_SPECIAL, {**UNUSED, "buyer_booked": True}, "digital-booked", "red", "both"),
    ("12", K.DIGITAL_SPECIAL, {**UNUSED, "export_refund": True}, "digital-export-refund", "red", "seller"),
    ("13", K.PURCHASE, {}, "purchase-red", "red", ""),
    ("14", K.DIGITAL_PAPER, {"copies_back": True}, "digital-paper-void", "void", ""),
    ("15", K.DIGITAL_PAPER, {"copies_back": False}, "digital-paper-red", "red", "both"),
]  # fmt: skip


def due_now():
    TaxOperation.objects.filter(state__in=OPEN_ATTEMPTS).update(next_query_at=clock.now(), lease_until=None)
    tax_operations.sweep()


@pytest.mark.django_db
@pytest.mark.req("VOI-04", "VOI-05", "VOI-06")
@pytest.mark.parametrize(("row", "kind", "facts", "rule", "act", "form"), ROWS, ids=[r[0] for r in ROWS])
def test_every_row_of_the_table_from_filing_to_the_platform(tmp_path, monkeypatch, row, kind, facts, rule, act, form):
    with tax.server(tmp_path) as server:
        tax.use(monkeypatch, server)
        blue = tax.known(server, invoice(kind=kind, facts=facts), **facts)
        request = tax.verified(of=blue)
        assert (request.rule.code, request.act) == (rule, act)
        if form == "buyer":
            red_forms.enter(request, actor=finance())
            number = server.platform.start_by_buyer("", blue.number, f"{blue.net:.2f}", f"{blue.tax:.2f}")
            noted = tax_by_hand.start_by_buyer(request, number, actor=finance())
            server.platform.play(number, "seller", "confirm")
            red_forms.change(noted, "04", actor=finance())
        elif form:
            red_forms.enter(request, actor=finance())
            due_now()
            entered = VoidRequest.objects.get().forms.get()
            if entered.state == "02":
                server.platform.play(entered.number, "buyer", "confirm")
                red_forms.change(entered, "04", actor=finance())
        executing.execute(VoidRequest.objects.get(pk=request.pk), actor=finance())
        due_now()

        done = VoidRequest.objects.select_related("invoice").get()
        assert (done.state, done.invoice.state) == (V.DONE, "voided" if act == "void" else "fully_red")
        table = "voids" if act == "void" else "reds"
        (there,) = server.ledger.rows(f"SELECT * FROM {table}")
        assert there["number"] == done.certificate
        assert sum(i.gross for i in Invoice.objects.all()) == (blue.gross if act == "void" else 0)


# Races ------------------------------------------------------------------------------------------------------------------


def at_once(number, work):
    """Run `work(n)` in that many threads at the same time; what each returned or raised."""
    gate, results = threading.Barrier(number), [None] * number

    def run(n):
        try:
            gate.wait()
            results[n] = work(n)
        except DomainError as error:
            results[n] = error.code
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(600)
    return results


@pytest.mark.django_db(transaction=True)
@pytest.mark.req("VOI-02")
def test_of_32_approvers_at_once_one_signs():
    request = void_request()
    officers = [finance() for _ in range(32)]

    results = at_once(32, lambda n: voids.decide(request, actor=officers[n], approve=True).state)

    assert results.count(V.VERIFICATION) == 1
    assert set(results) - {V.VERIFICATION} == {"approval.not_waiting"}
    assert Approval.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.req("VOI-06")
def test_two_executors_at_once_make_one_call(tmp_path, monkeypatch):
    with tax.server(tmp_path) as server:
        tax.use(monkeypatch, server)
        tax.known(server, blue := invoice(kind=K.E_ORDINARY))
        request = tax.verified(of=blue)
        people = [finance() for _ in range(4)]
        at_once(4, lambda n: executing.execute(request, actor=people[n]))
        assert TaxOperation.objects.count() == 1
        at_once(4, lambda n: tax_operations.sweep())
        assert len(server.ledger.rows("SELECT * FROM reds")) == 1
        assert VoidRequest.objects.get().state == V.DONE


@pytest.mark.django_db(transaction=True)
def test_with_the_lock_off_the_race_is_found(monkeypatch):
    """The control: a test that cannot fail proves nothing. Without the row's lock both see a request that is ready."""
    request = tax.verified(of=invoice(kind=K.E_ORDINARY))
    people = [finance() for _ in range(2)]
    together = threading.Barrier(2)

    def begun(fresh, *_, **__):  # after the look for open calls, before the insert of one's own
        with contextlib.suppress(threading.BrokenBarrierError):
            together.wait(60)
        return fresh

    monkeypatch.setattr(executing.locks, "row", lambda model, pk: model.objects.get(pk=pk))
    monkeypatch.setattr(executing.transitions, "apply", begun)
    outcomes = at_once(2, lambda n: _try(lambda: executing.execute(request, actor=people[n])))
    assert outcomes.count(IntegrityError) == 1  # both began; only the database's own constraint stopped the second


def _try(work):
    try:
        return work()
    except IntegrityError as error:
        return type(error)


@pytest.mark.django_db
@pytest.mark.req("VOI-10")
def test_an_invoice_issued_anew_is_linked_to_the_one_it_replaces_once_that_is_undone():
    old = invoice()
    with pytest.raises(DomainErrors):
        invoice(replaces=old)
    Invoice.objects.filter(pk=old.pk).update(state="fully_red")
    anew = invoice(replaces=Invoice.objects.get(pk=old.pk))
    assert [i.pk for i in old.replacements.all()] == [anew.pk]
    assert Event.objects.get(kind="invoice.replaced").subject_id == old.pk

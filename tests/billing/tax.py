"""The simulated tax platform in the tests' process, as the site's adapter."""

from apps.billing.adapters import registry
from apps.billing.adapters.tax.open_platform import OpenPlatformAdapter, TaxConfig
from apps.billing.models import VoidRequest
from apps.billing.services import executing, red_forms, tax_operations, verification, voids
from apps.billing.states import VoidState
from apps.billing.tax_simulator.server import TaxServer
from apps.core import clock
from tests.money import finance, void_request

KEYS = ("tax-test", "a secret of the tests")


def use(monkeypatch, server):
    adapter = OpenPlatformAdapter(TaxConfig(server.url, *KEYS))
    monkeypatch.setattr(registry, "_tax", {adapter.name: adapter})
    return adapter


def server(tmp_path, **how):
    return TaxServer(KEYS, tmp_path / "tax.sqlite", **how)


def known(server, invoice, **facts):
    """The platform knows the invoice."""
    server.ledger.add_invoice(
        {
            "code": invoice.code, "number": invoice.number, "kind": invoice.kind, "net": f"{invoice.net:.2f}",
            "tax": f"{invoice.tax:.2f}", "buyer_name": invoice.buyer_name, "facts": facts,
            "buyer_tax_number": invoice.buyer_tax_number,
            "issued_on": clock.local(invoice.issued_at).date().isoformat(),
        }
    )  # fmt: skip
    return invoice


def verified(**fields):
    """Filed, signed and verified, by three people."""
    request = voids.decide(void_request(**fields), actor=finance(), approve=True)
    checker = finance()
    for check in VoidRequest.objects.get(pk=request.pk).checks.filter(result="open"):
        verification.record_check(request, check.kind, passed=True, actor=checker, detail="已核对")
    return verification.confirm(request, actor=checker)


def begun(**fields):
    """Being executed: its call is noted, nothing has left yet."""
    request = verified(**fields)
    if request.state == VoidState.AWAITING_FORM:
        red_forms.enter(request, actor=finance())
        tax_operations.sweep()
    return executing.execute(VoidRequest.objects.get(pk=request.pk), actor=finance())

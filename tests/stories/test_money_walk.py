"""One returned purifier on its whole way through the money, in a real browser: complaint → void request → two signatures →
verification → red form → red letter → refund that fails → the next way → customer told → archived (LNK-01 … ARC-03)."""

import subprocess
import sys
import zipfile
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect

from apps.accounts.models import User
from apps.accounts.roles import Role
from apps.billing import tasks
from apps.billing.archive import verify_pack
from apps.billing.models import Refund, VoidRequest
from apps.billing.states import PayChannel, RefundState, VoidState
from apps.billing.tax_simulator.server import TaxServer
from apps.crm.models import Customer
from apps.crm.services import returns
from apps.crm.services.returns import ReturnReport
from apps.crm.states import ReturnState
from apps.feedback.models import Ticket
from apps.feedback.services import facts
from apps.journal import deliveries, sealer
from apps.notifications.models import OutgoingMessage
from tests.billing import tax
from tests.billing.providers import providers, sweep_on  # noqa: F401
from tests.factories import OrderFactory, staff, staff_actor, ticket_in
from tests.money import UNUSED, invoice, line, payment
from tests.stories.test_ticket_walk import sign_in

pytestmark = pytest.mark.django_db(transaction=True)
SOON = 20_000  # ms
ALL = Decimal("6780.00")  # above 5,000: management signs as well


@pytest.fixture
def people(browser, live_site):
    """`people(user)`: a page of that person's own browser, signed in."""
    contexts = []

    def open_for(user: User) -> Page:
        context = browser.new_context(
            base_url=live_site.url, viewport={"width": 1280, "height": 900}, locale="zh-CN", timezone_id="Asia/Shanghai"
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        return sign_in(context.new_page(), user)

    yield open_for
    for context in contexts:
        context.close()


def the_worker_comes_by() -> None:
    """What Celery does between two clicks: deliveries, calls to the tax platform, payments."""
    for _ in range(4):
        deliveries.drain()
        for task in (tasks.tax, tasks.tax_forms, tasks.begin, tasks.pay, tasks.packs):
            task()
        sweep_on()


def approve(page: Page, number: str, amount: str) -> None:
    """In the approval inbox, by the keyboard: open the case, look at the money, sign."""
    page.goto("/desk/")
    with page.expect_response("**/desk/case/**"):
        page.locator(".inbox-row").filter(has_text=number).locator("a.title").click()
    page.wait_for_function("!document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")
    expect(page.locator("#case .big-money")).to_have_text(amount, timeout=SOON)
    page.keyboard.press("a")
    page.locator("#verb-approve button.primary").click()
    expect(page.locator(".inbox .said")).to_contain_text(number, timeout=SOON)


def act(page: Page, name: str, **typed: str) -> None:
    """One of the buttons of a case's own page; its form where it has one."""
    opener = page.locator(f'[data-open="act-{name}"]')
    button = page.locator(
        f'form[action*="/do/{name}/"] button.primary, form.inline[action*="/do/{name}/"] button'
    ).first
    if opener.count():
        opener.click()
    for field, value in typed.items():
        box = page.locator(f"#act-{name} [name={field}]")
        box.select_option(value) if box.evaluate("e => e.tagName") == "SELECT" else box.fill(value)
    with page.expect_response(f"**/do/{name}/", timeout=2 * SOON) as answer:
        button.click()
    assert answer.value.status == 200, answer.value.text()
    expect(page.locator("#money .said").first).to_be_visible(timeout=SOON)


def verified(file: str) -> subprocess.CompletedProcess[str]:
    """The verifier as an auditor runs it: the one file, no Django, nothing of ours on the path."""
    command = [sys.executable, "-I", verify_pack.__file__, file]
    return subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)


@pytest.mark.req("LNK-01", "LNK-02", "LNK-03", "VOI-01", "VOI-07", "REF-03", "REF-05", "ARC-01", "ARC-03")
def test_a_return_from_the_complaint_to_the_archive(people, monkeypatch, tmp_path, providers):  # noqa: F811
    handler = staff_actor(Role.SERVICE_STAFF)
    officer, checker = (staff(Role.FINANCE_OFFICER, "finance", display_name=name) for name in ("邓华", "彭娟"))
    manager = staff(Role.MANAGEMENT, "management", display_name="梁总")
    case = ticket_in("in_progress", actor=handler, demand="return", text="净化器噪音太大，我要退货。")
    order = OrderFactory(customer=Customer.objects.get(pk=case.customer_id), total=ALL)
    bill = invoice(line("6000.00"), order=order, customer=order.customer, buyer_name="张伟")
    payment(str(ALL), PayChannel.ALIPAY, order=order, customer=order.customer)
    facts.correct(case, {"order_number": order.number, "invoice_number": bill.number}, actor=handler)

    with TaxServer(tax.KEYS, tmp_path / "tax.sqlite") as platform:
        tax.use(monkeypatch, platform)
        tax.known(platform, bill, **UNUSED)

        # complaint → request: service confirms the return on the ticket
        service = people(handler.user)
        service.goto(f"/admin/tickets/{case.number}/")
        card = service.locator("#money")
        expect(card).to_contain_text("¥6,780.00")
        card.locator("[name=note]").fill("已电话确认")
        card.locator("#do-money_return button.primary").click()
        the_worker_comes_by()
        service.goto(f"/admin/tickets/{case.number}/")
        request = VoidRequest.objects.get(ticket=case)
        expect(service.locator(".money-rows")).to_contain_text(request.number)

        # finance, then management; whoever filed sees nothing to sign
        finance, chief, second = people(officer), people(manager), people(checker)
        approve(finance, request.number, "¥6,780.00")
        approve(chief, request.number, "¥6,780.00")
        the_worker_comes_by()

        # the goods are back: the check fills itself, and the refund is filed
        said = ReturnReport("TH-20261122-1", order, ReturnState.COMPLETED)
        returns.report(said, actor=staff_actor(Role.ADMINISTRATOR))
        the_worker_comes_by()
        refund = Refund.objects.get(ticket=case)

        # verification: what the books and the platform know is ticked, the rest a second person confirms
        second.goto(f"/desk/voids/{request.number}/")
        act(second, "look")
        while (first := second.locator("li.check-open")).count():
            left = first.count()
            first.first.locator("summary").click()
            first.first.locator("[name=detail]").fill("电话与客户核对无误")
            first.first.locator("[value=yes]").click()
            expect(first).to_have_count(left - 1, timeout=SOON)
        act(second, "confirm")

        # red form, then the red letter
        second.goto(f"/desk/voids/{request.number}/")
        assert VoidRequest.objects.get(pk=request.pk).state == VoidState.AWAITING_FORM
        act(second, "enter_form")
        the_worker_comes_by()
        finance.goto(f"/desk/voids/{request.number}/")
        act(finance, "execute")
        the_worker_comes_by()
        done = VoidRequest.objects.get(pk=request.pk)
        assert done.red_invoice.number != bill.number
        assert platform.ledger is not None

        # the refund on Alipay fails, and says so to a person
        providers.faults.set(next=["no-balance"])
        approve(finance, refund.number, "¥6,780.00")
        approve(chief, refund.number, "¥6,780.00")
        the_worker_comes_by()
        assert Refund.objects.get(pk=refund.pk).state == RefundState.NEEDS_FALLBACK

        # the next way: a transfer to the same person, signed anew
        second.goto(f"/desk/refunds/{refund.number}/")
        act(
            second,
            "reroute",
            payee_name="张伟",
            payee_account="13800138000",
            way="alipay:transfer",
            reason="商户余额不足",
        )
        approve(finance, refund.number, "¥6,780.00")
        approve(chief, refund.number, "¥6,780.00")
        the_worker_comes_by()

    paid = Refund.objects.get(pk=refund.pk)
    assert (paid.state, paid.channel, paid.method) == (RefundState.SUCCEEDED, PayChannel.ALIPAY, "transfer")
    assert sum(providers.ledger.paid_out().values()) == 678000  # fen, once
    assert OutgoingMessage.objects.filter(template="refund_paid").count() == 1
    service.goto(f"/admin/tickets/{case.number}/")
    expect(service.locator(".money-sums")).to_contain_text("¥6,780.00")

    # archived; the pack proves it without us, and not any more after one byte is changed
    sealer.seal()
    the_worker_comes_by()
    second.goto(f"/desk/voids/{request.number}/")
    second.locator(".pack-link a").first.click()
    second.locator("form[action*='/download/'] [name=reason]").fill("年度审计抽样")
    with second.expect_download() as download:
        second.locator("form[action*='/download/'] button").click()
    pack = tmp_path / "pack.zip"
    download.value.save_as(pack)
    good = verified(str(pack))
    assert good.returncode == 0, good.stdout + good.stderr
    assert "index.pdf" in zipfile.ZipFile(pack).namelist()
    content = bytearray(pack.read_bytes())
    content[content.find(b"%PDF") + 2000] ^= 1
    (tmp_path / "changed.zip").write_bytes(content)
    assert verified(str(tmp_path / "changed.zip")).returncode != 0
    assert VoidRequest.objects.get(pk=request.pk).state == VoidState.ARCHIVED
    assert Ticket.objects.get(pk=case.pk).is_open  # it closes by the customer's own word

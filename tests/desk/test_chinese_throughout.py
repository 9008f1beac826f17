"""No English word stands on the Chinese pages of the admin, but names, codes and what is written in English on purpose."""

import re
from html.parser import HTMLParser
from uuid import uuid4

import pytest
from django.contrib import admin
from django.urls import NoReverseMatch, reverse

from apps.accounts.models import ApprovalLimit, RoleGroup
from apps.billing.models import CallbackNonce
from apps.casework.models import StateDemand
from apps.core.actors import SYSTEM
from apps.journal import events, sealer
from apps.journal.events import Ref
from apps.journal.models import Head
from apps.triage.admin.rules import told
from apps.triage.models import LibraryVersion, ScoreWeight
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

EMPTY = {"br", "img", "input", "link", "meta", "hr", "source", "area", "base", "col", "embed", "track", "wbr"}
UNSEEN = {"script", "style", "svg", "code", "pre", "template", "kbd", "textarea"}
SAID = ("placeholder", "title", "aria-label", "alt")
WORD = re.compile(r"[A-Za-z][A-Za-z_-]{2,}")
# Names of things that Chinese readers write so themselves, and the languages' own names.
NAMES = {
    "API", "App", "CSV", "Ctrl", "Enter", "English", "Esc", "Excel", "Facebook", "FAQ", "GitHub", "HTTP", "HTTPS", "IMAP", "ISO",
    "JSON", "Mac", "Control", "Command", "Markdown", "OAuth", "OpenID", "PDF", "QQ", "REST", "SHA", "SLA", "SMS", "SMTP", "SSL",
    "Space", "STARTTLS", "TLS", "TOTP", "URL", "UTC", "Webhook", "Weibo", "XLSX", "pain", "vip", "zh-hans", "zh-hant", "admin",
    "ID", "HMAC", "DNS", "webhook", "utf", "UTF", "com", "www", "https", "http", "example", "MB",
}  # fmt: skip
# Codes in brackets that an integrator copies: (tickets:read), (refund.paid).
CODE = re.compile(r"\b[0-9a-f]{16,}|[(（][a-z_]+[.:][a-z_]+[)）]|\{\w+\}|\b[a-z]+[._:][a-z_.:]+\b")
# Lists whose rows are data or codes by nature: what customers, integrators and the law's codes say is no wording of ours.
DATA = (
    "triage_keyword", "feedback_vaguephrase", "notifications_template", "casework_replytemplate", "casework_macro",
    "casework_toneguide", "knowledge_topic", "knowledge_article", "journal_event", "billing_voidrule", "feedback_drillscenario",
    "triage_category", "accounts_department", "accounts_rolegroup_changelist", "sla_calendar_", "accounts_user_changelist",
)  # fmt: skip
OFFERS_TEMPLATES = "casework_macro_add"  # by their names, of which some are English


class Seen(HTMLParser):
    """The texts that a reader of the page meets: not its scripts, not the names of its icons."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.unseen, self.texts = [], []

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        if not self.unseen:
            self.texts += [known[name] for name in SAID if known.get(name)]
        if tag in EMPTY:
            return
        kinds = (known.get("class") or "").split()
        icon = "icon" in kinds or any(kind.startswith("material-symbols") for kind in kinds)
        if self.unseen or tag in UNSEEN or icon:
            self.unseen.append(tag)

    def handle_endtag(self, tag):
        while self.unseen and self.unseen.pop() != tag:
            pass

    def handle_data(self, text):
        if not self.unseen and text.strip():
            self.texts.append(" ".join(text.split()))


def english(html):
    """The texts of a page with an English word in them; abbreviations in capitals are none (VIP, ERP, LDAP)."""
    page = Seen()
    page.feed(html)
    words = {text: WORD.findall(CODE.sub("", text)) for text in page.texts}
    return {text for text, found in words.items() if {word for word in found if not word.isupper()} - NAMES}


@pytest.fixture
def root(client):
    """A superuser on the Chinese interface, and a row in lists that are empty otherwise."""
    events.record("void.submitted", subject=Ref("billing.voidrequest", uuid4()), actor=SYSTEM)
    sealer.seal()
    client.force_login(UserFactory(username="管理员", is_superuser=True))
    return client


def walk():
    """Every list and form of the admin, of those without data in their rows."""
    for model in sorted(admin.site._registry, key=lambda each: each._meta.label_lower):
        name = f"{model._meta.app_label}_{model._meta.model_name}"
        for page in ("changelist", "add"):
            full = f"{name}_{page}"
            if full != OFFERS_TEMPLATES and (page == "add" or not full.startswith(DATA)):
                try:
                    yield full, reverse(f"admin:{full}")
                except NoReverseMatch:
                    continue


@pytest.mark.long
def test_no_english_word_on_any_list_or_form(root):
    common = english(root.get(reverse("admin:index")).content.decode())
    found, looked_at = {}, 0
    for name, address in walk():
        answer = root.get(address)
        if answer.status_code == 200:
            looked_at += 1
            if left := english(answer.content.decode()) - common:
                found[name] = sorted(left)[:8]

    assert looked_at > 80
    assert common == set()
    assert found == {}


def test_rows_kept_in_codes_are_told_in_words():
    loaded = LibraryVersion(change="library.defaults_loaded", what="10 categories, 24 score weights, 3 learned models")
    points = LibraryVersion(change="score_weight.changed", what="impact many: 20")

    assert told(loaded) == "10 分类, 24 评分项, 3 学习模型"
    assert told(points) == str(ScoreWeight(factor="impact", value="many", points=20)) == "影响范围 大量客户或系统: 20"
    assert told(LibraryVersion(change="keyword.added", what="漏水")) == "漏水"
    assert not english(" ".join(str(row) for row in StateDemand.objects.all()))
    assert not english(" ".join(str(row) for row in ApprovalLimit.objects.select_related("role")))


def test_the_rights_of_tables_nobody_opens_have_words(root):
    role = RoleGroup.objects.get(name="service_lead")
    page = root.get(reverse("admin:accounts_rolegroup_change", args=[role.pk])).content.decode()

    assert "查看：回调防重记录" in page and str(CallbackNonce._meta.verbose_name_plural) not in page
    assert english(page) <= {"service_lead"}


def test_a_sealed_head_shows_whose_key_signed_it(root):
    page = root.get(reverse("admin:journal_head_changelist")).content.decode()

    assert "密钥指纹" in page and Head.objects.get().key_id in page

import pytest

from feedback_system import messages

PLAN = """
from django.utils.translation import gettext_lazy as _, ngettext, pgettext

TITLE = _("Handling plan")
OPEN = pgettext("a ticket's state", "Open")

def days(count):
    return ngettext("%(count)s day", "%(count)s days", count) % {"count": count}
"""
PAGE = """{% load i18n %}
    <h1>{% translate "Your ticket" %}</h1>
  {% blocktranslate trimmed with name=who %}
      Hello {{ name }}, it isn't over.
  {% endblocktranslate %}
"""
TRANSLATED = """msgid ""
msgstr ""
"Language: zh_Hans\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

msgid "Handling plan"
msgstr "处理方案"

msgctxt "a ticket's state"
msgid "Open"
msgstr "待处理"

msgid "%(count)s day"
msgid_plural "%(count)s days"
msgstr[0] "%(count)s 天"

msgid "Your ticket"
msgstr "您的工单"

msgid "Hello %(name)s, it isn't over."
msgstr "%(name)s 您好，事情还没有结束。"

msgid "Said no more"
msgstr "不再使用"
"""


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.setattr(messages, "ROOT", tmp_path)
    monkeypatch.setattr(messages, "_of_django", lambda language: set())
    monkeypatch.setattr(messages, "find_spec", lambda name: None)
    (tmp_path / "apps" / "desk").mkdir(parents=True)
    (tmp_path / "apps" / "desk" / "plans.py").write_text(PLAN)
    (tmp_path / "templates" / "desk").mkdir(parents=True)
    (tmp_path / "templates" / "desk" / "page.html").write_text(PAGE)
    (tmp_path / "feedback_system").mkdir()
    return tmp_path


def catalogue(tree, language):
    return tree / "apps" / "desk" / "locale" / language / "LC_MESSAGES" / "django.po"


def translate(tree):
    path = catalogue(tree, "zh_Hans")
    path.parent.mkdir(parents=True)
    path.write_text(TRANSLATED)
    return path


def test_untranslated_strings_are_reported_and_the_check_fails(tree, capsys):
    code = messages.main(["--check"])

    said = capsys.readouterr().out
    assert code == 1
    assert "apps/desk/locale/zh_Hans: no translation: 'Handling plan'" in said
    assert "apps/desk/locale/zh_Hans: no translation: 'Your ticket'" in said
    assert "('%(count)s day', '%(count)s days')" in said
    assert "Hello %(name)s, it isn't over." in said
    assert not catalogue(tree, "zh_Hans").exists()


def test_translated_strings_are_kept_converted_and_compiled(tree, capsys):
    path = translate(tree)

    assert messages.main([]) == 0

    traditional = catalogue(tree, "zh_Hant").read_text()
    assert 'msgstr "處理方案"' in traditional
    assert 'msgstr[0] "%(count)s 天"' in traditional
    assert 'msgstr "处理方案"' in path.read_text()
    assert path.with_suffix(".mo").exists()
    assert messages.main(["--check"]) == 0


def test_running_again_changes_nothing(tree):
    path = translate(tree)
    messages.main([])
    first = (path.read_text(), catalogue(tree, "zh_Hant").read_text())

    messages.main([])

    assert (path.read_text(), catalogue(tree, "zh_Hant").read_text()) == first


def test_what_is_no_longer_used_is_kept_and_comes_back(tree):
    path = translate(tree)
    messages.main([])
    assert '#~ msgid "Said no more"' in path.read_text()

    (tree / "apps" / "desk" / "more.py").write_text('from x import gettext\ngettext("Said no more")\n')
    messages.main([])

    assert '\nmsgid "Said no more"\nmsgstr "不再使用"' in path.read_text()


def test_a_hand_made_traditional_wording_stays_and_a_converted_one_follows(tree):
    path = translate(tree)
    messages.main([])
    traditional = catalogue(tree, "zh_Hant")
    marked = f"# {messages.GENERATED}\n"
    by_hand = traditional.read_text().replace("您的工單", "您的案件")
    before = by_hand.index('msgid "Your ticket"')
    start = by_hand.rindex(marked, 0, before)
    traditional.write_text(by_hand[:start] + by_hand[start + len(marked) :])
    path.write_text(path.read_text().replace("处理方案", "解决方案"))

    messages.main([])

    assert 'msgstr "您的案件"' in traditional.read_text()
    assert 'msgstr "解決方案"' in traditional.read_text()


def test_a_lost_placeholder_fails_the_check(tree, capsys):
    path = translate(tree)
    path.write_text(path.read_text().replace("%(name)s 您好", "您好 %(nam)s"))
    messages.main([])

    assert messages.main(["--check"]) == 1
    assert "it isn't over" in capsys.readouterr().out


def test_two_translations_of_one_string_fail_the_check(tree, capsys):
    translate(tree)
    other = tree / "apps" / "portal" / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
    other.parent.mkdir(parents=True)
    other.write_text(TRANSLATED.replace("处理方案", "处置计划"))
    (tree / "apps" / "portal" / "plans.py").write_text(PLAN)
    messages.main([])

    assert messages.main(["--check"]) == 1
    assert "translated in two ways" in capsys.readouterr().out

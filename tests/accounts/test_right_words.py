"""The role matrix and a role's page name every right of ours in the reader's language (ADM-01)."""

import pytest
from django.utils import translation

from apps.accounts import roles
from feedback_system import messages

NOT_OURS = ("admin", "axes")


@pytest.mark.req("ADM-01")
@pytest.mark.django_db
def test_every_right_has_its_chinese_words():
    with translation.override("zh-hans"):
        said = {right.full: roles.words(right) for right in roles.all_permissions()}
    english = {right: words for right, words in said.items() if not any("\u4e00" <= c <= "\u9fff" for c in words)}
    assert {right: words for right, words in english.items() if right.split(".")[0] not in NOT_OURS} == {}


def test_the_catalogues_take_up_what_rights_are_called(tmp_path):
    source = tmp_path / "models" / "ticket.py"
    source.parent.mkdir()
    source.write_text('class Meta:\n    permissions = [("run", "Can run drills"), ("ask", _("Can ask"))]\n')

    assert sorted(message for message, _context in messages._extract(source)) == ["Can ask", "Can run drills"]

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.conf import settings

APPS = Path(settings.BASE_DIR) / "apps"
DOORBELL = "journal/doorbell.py"
LOCKS = "core/locks.py"
MAX_LINES = 400
MAY_BE_LONGER: set[str] = set()


def sources() -> Iterator[tuple[str, str]]:
    for path in sorted(APPS.rglob("*.py")):
        yield path.relative_to(APPS).as_posix(), path.read_text(encoding="utf-8")


@cache
def calls() -> list[tuple[str, str, ast.Call]]:
    """(file, called method, call) of every method call in the apps."""
    return [
        (name, node.func.attr, node)
        for name, text in sources()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]


def found(offences: list[str]) -> str:
    return "\n" + "\n".join(offences)


def test_no_state_is_set_past_the_door():
    offences = [
        f"{name}:{call.lineno}"
        for name, method, call in calls()
        if method in {"update", "bulk_update", "update_or_create"}
        and any(keyword.arg in {"state", "status"} for keyword in call.keywords)
    ]
    assert not offences, found(offences)


def test_tasks_are_queued_only_by_the_doorbell():
    offences = [
        f"{name}:{call.lineno} .{method}("
        for name, method, call in calls()
        if method in {"delay", "apply_async", "send_task"} and name != DOORBELL
    ]
    assert not offences, found(offences)


def test_rows_are_locked_only_in_the_module_of_locks():
    offences = [name for name, text in sources() if "select_for_update" in text and name != LOCKS]
    assert not offences, found(offences)


def test_no_business_hides_in_model_signals():
    words = ("post_save", "pre_save", "post_delete", "pre_delete", "m2m_changed")
    offences = [f"{name}: {word}" for name, text in sources() for word in words if word in text]
    assert not offences, found(offences)


def test_nothing_is_refreshed_in_place():
    """`refresh_from_db` on a protected state can leave its protection off for the whole process: fetch anew."""
    offences = [f"{name}:{call.lineno}" for name, method, call in calls() if method == "refresh_from_db"]
    assert not offences, found(offences)


def test_files_stay_short():
    offences = [
        f"{name}: {count} lines"
        for name, text in sources()
        if (count := text.count("\n")) > MAX_LINES and name not in MAY_BE_LONGER and "/migrations/" not in name
    ]
    assert not offences, found(offences)


def test_no_drawer_for_odds_and_ends():
    offences = [name for name, _ in sources() if Path(name).stem in {"utils", "helpers", "misc", "common"}]
    assert not offences, found(offences)


def test_requirements_are_pinned_and_name_no_registry():
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (settings.BASE_DIR / name).read_text().split("\n"):
            if line and line != "-r requirements.txt":
                assert "==" in line, f"{name}: {line}"
                assert "://" not in line, f"{name}: {line}"

"""`script/messages`: extract what people read, report what has no translation, compile.

Each app has its own catalogue; strings of `templates/<app>/` belong to that app. The catalogue in `locale/` holds the
rest: this package, shared templates, and what comes without Chinese: the admin theme (Unfold) and the tables of log-in
attempts (django-axes). Simplified Chinese is written by people; traditional Chinese is converted from it wherever nobody
wrote something else. Nothing translated is ever lost: what the sources no longer use is kept at the end of the file as
obsolete.
"""

import argparse
import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog, Message

ROOT = Path(__file__).resolve().parent.parent
WRITTEN, CONVERTED = "zh_Hans", "zh_Hant"
GENERATED = "converted from zh_Hans"  # a comment on the entry; remove it to keep a hand-made wording
THEME = ("unfold", "unfold.contrib.filters", "unfold.contrib.forms", "axes")  # as installed in the settings
TEMPLATE_SUFFIXES = {".html", ".txt", ".svg", ".xml", ".md"}
HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="script/messages", description="Bring the translation catalogues up to date.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a translation is missing")
    parser.add_argument("--compile", action="store_true", help="only compile .po files that changed")
    options = parser.parse_args(arguments)
    if not options.compile:
        complaints = _conflicts() if options.check else []
        for locale_dir, sources in sorted(_catalogues().items()):
            complaints += _update(locale_dir, sources, write=not options.check)
        print("\n".join([*complaints, f"{len(complaints)} complaints"]))
        if options.check:
            return 1 if complaints else 0
    _compile()
    return 0


# What is translated where --------------------------------------------------------------------------------------------


def _catalogues() -> dict[Path, list[Path]]:
    """The source files of each catalogue, by its locale folder."""
    sources: dict[Path, list[Path]] = defaultdict(list)
    shared = ROOT / "locale"
    for path in _files(ROOT / "apps"):
        sources[ROOT / "apps" / path.relative_to(ROOT / "apps").parts[0] / "locale"].append(path)
    for path in _files(ROOT / "templates"):
        app = ROOT / "apps" / path.relative_to(ROOT / "templates").parts[0]
        sources[app / "locale" if app.is_dir() else shared].append(path)
    sources[shared] += _files(ROOT / "feedback_system")
    for package in THEME:
        spec = find_spec(package)
        if spec and spec.origin:
            folder = Path(spec.origin).parent
            sources[shared] += (path for path in _files(folder) if "contrib" not in path.relative_to(folder).parts)
    return sources


def _files(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.rglob("*")):
        is_template = path.suffix in TEMPLATE_SUFFIXES and "templates" in path.parts
        if is_template or (path.suffix == ".py" and "migrations" not in path.parts):
            yield path


def _extract(path: Path) -> Iterator[tuple[Any, str | None]]:
    """(msgid or (singular, plural), context) of each string in a Python file or Django template."""
    from babel.messages.extract import extract
    from django.utils.translation.template import templatize

    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        # What is not translatable becomes X; indentation would mean something to Python's tokenizer.
        text = "\n".join(line.strip() for line in templatize(text, origin=str(path)).splitlines())
    elif "models" in path.parts:
        yield from ((name, None) for name in _rights(text))
    for _line, message, _comments, context in extract("python", BytesIO(text.encode()), keywords=KEYWORDS):
        if message and (message if isinstance(message, str) else message[0]):
            yield message, context


def _rights(text: str) -> Iterator[str]:
    """The names in `Meta.permissions`: plain English in the database, translated where they are shown (`roles.words`)."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assign) and "permissions" in (getattr(each, "id", "") for each in node.targets):
            pairs = getattr(node.value, "elts", [])
            names = [pair.elts[1] for pair in pairs if isinstance(pair, ast.Tuple) and len(pair.elts) == 2]
            yield from (str(name.value) for name in names if isinstance(name, ast.Constant))


def _template(sources: list[Path]) -> "Catalog":
    """Every string of the sources, with the places it is used in."""
    from babel.messages.catalog import Catalog

    catalog = Catalog(charset="utf-8", fuzzy=False)
    for path in sources:
        for message, context in _extract(path):
            catalog.add(message, locations=[(_place(path), 0)], context=context)
    return catalog


def _place(path: Path) -> str:
    """The file as a translator sees it: from the project's folder, or from the theme's package."""
    parts = path.parts[path.parts.index("site-packages") + 1 :] if "site-packages" in path.parts else ()
    return "/".join(parts) or path.relative_to(ROOT).as_posix()


# Bringing a catalogue up to date -------------------------------------------------------------------------------------


def _update(locale_dir: Path, sources: list[Path], *, write: bool) -> list[str]:
    template = _template(sources)
    if not len(template) and not locale_dir.is_dir():
        return []
    written = _merge(template, _read(locale_dir, WRITTEN))
    converted = _merge(template, _read(locale_dir, CONVERTED))
    if write:
        _convert(written, converted)
        _write(locale_dir, WRITTEN, written)
        _write(locale_dir, CONVERTED, converted)
    return [
        f"{locale_dir.relative_to(ROOT)}/{language}: {complaint}"
        for language, catalog, elsewhere in (
            (WRITTEN, written, _of_django(WRITTEN)),
            # What isn't written yet can't be converted: one complaint is enough.
            (CONVERTED, converted, _of_django(CONVERTED) | {_key(m) for m in written if not _is_translated(m)}),
        )
        for complaint in _complaints(catalog, elsewhere)
    ]


def _path(locale_dir: Path, language: str) -> Path:
    return locale_dir / language / "LC_MESSAGES" / "django.po"


def _read(locale_dir: Path, language: str) -> "Catalog":
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import read_po

    path = _path(locale_dir, language)
    if not path.exists():
        return Catalog(locale=language, charset="utf-8", fuzzy=False)
    with path.open("rb") as handle:
        return read_po(handle, locale=language, charset="utf-8")


def _merge(template: "Catalog", old: "Catalog") -> "Catalog":
    """The template's messages with the old translations; translated messages no longer used become obsolete."""
    from babel.messages.catalog import Catalog

    merged = Catalog(locale=old.locale, charset="utf-8", fuzzy=False)
    kept = {_key(message): message for message in [*old.obsolete.values(), *(m for m in old if m.id)]}
    for message in template:
        if not message.id:
            continue
        known = kept.pop(_key(message), None)
        merged.add(
            message.id,
            _string_for(message, known),
            locations=sorted(set(message.locations)),
            flags=known.flags if known else (),
            user_comments=known.user_comments if known else (),
            context=message.context,
        )
    for key, message in kept.items():
        if _is_translated(message):
            message.locations = []
            merged.obsolete[key] = message
    return merged


def _key(message: "Message") -> Any:
    singular = message.id if isinstance(message.id, str) else message.id[0]
    return (singular, message.context) if message.context else singular


def _string_for(message: "Message", known: "Message | None") -> Any:
    """The known translation in the shape this message wants: the one Chinese form, in a tuple if it has plurals."""
    string = known.string if known else ""
    string = string if isinstance(string, str) else (string[0] if string else "")
    return (string,) if message.pluralizable else string


def _is_translated(message: "Message") -> bool:
    return bool(message.string) and all(message.string if isinstance(message.string, tuple) else [message.string])


def _convert(written: "Catalog", converted: "Catalog") -> None:
    import zhconv

    for message in converted:
        source = written.get(message.id, message.context) if message.id else None
        if source is None or not _is_translated(source):
            continue
        if not _is_translated(message) or GENERATED in message.user_comments:
            parts = source.string if isinstance(source.string, tuple) else (source.string,)
            turned = tuple(zhconv.convert(part, "zh-tw") for part in parts)
            message.string = turned if message.pluralizable else turned[0]
            message.user_comments = [GENERATED]
            message.flags.discard("fuzzy")


def _write(locale_dir: Path, language: str, catalog: "Catalog") -> None:
    from babel.messages.pofile import write_po

    body = BytesIO()
    write_po(body, catalog, width=120, omit_header=True, sort_output=True, include_lineno=False)
    text = HEADER.format(language=language) + body.getvalue().decode()
    path = _path(locale_dir, language)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


# Complaints ----------------------------------------------------------------------------------------------------------


def _complaints(catalog: "Catalog", elsewhere: set[Any]) -> Iterator[str]:
    for message in catalog:
        if not message.id or (not _is_translated(message) and _key(message) in elsewhere):
            continue
        if not _is_translated(message):
            yield f"no translation: {message.id!r}"
        elif message.fuzzy:
            yield f"fuzzy: {message.id!r}"
        else:
            yield from (f"{message.id!r}: {error}" for error in message.check(catalog))


def _of_django(language: str) -> set[Any]:
    """What Django translates itself, e.g. the admin's "Save", needs no second translation."""
    import django
    from babel.messages.pofile import read_po

    known: set[Any] = set()
    for path in Path(django.__file__).parent.rglob(f"locale/{language}/LC_MESSAGES/django.po"):
        with path.open("rb") as handle:
            known |= {_key(message) for message in read_po(handle) if message.id and _is_translated(message)}
    return known


def _conflicts() -> list[str]:
    """Django merges all catalogues into one: of two translations of a string without context only one is ever shown."""
    seen: dict[Any, dict[str, str]] = defaultdict(dict)
    for locale_dir in sorted(_catalogues()):
        for message in _read(locale_dir, WRITTEN):
            if message.id and _is_translated(message):
                seen[_key(message)].setdefault(str(message.string), str(locale_dir.relative_to(ROOT)))
    return [
        f"translated in two ways, one is never shown: {key!r}: {ways}" for key, ways in seen.items() if len(ways) > 1
    ]


# Compiling -----------------------------------------------------------------------------------------------------------


def _compile() -> None:
    for path in [*ROOT.glob("apps/*/locale/*/LC_MESSAGES/*.po"), *ROOT.glob("locale/*/LC_MESSAGES/*.po")]:
        compiled = path.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime >= path.stat().st_mtime:
            continue
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        with path.open("rb") as source:
            catalog = read_po(source, locale=path.parent.parent.name, charset="utf-8")
        for message in list(catalog):  # an empty plural would be compiled as empty text and hide Django's own words
            if message.id and not all(message.string if isinstance(message.string, tuple) else (message.string,)):
                catalog.delete(message.id, context=message.context)
        fresh = compiled.with_suffix(".mo.new")
        with fresh.open("wb") as target:
            write_mo(target, catalog)
        fresh.rename(compiled)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

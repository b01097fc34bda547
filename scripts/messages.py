"""The message catalogues: from the sources to each .po, and from there to its .mo.

    python scripts/messages.py           write them; translations that are there are kept
    python scripts/messages.py --check   write nothing; name what is out of date, exit status 1

Texts are found by lingua, which knows Chameleon, and kept by Babel. The output depends on the
texts alone: no line numbers, no date of the day, no name of a person.
"""

import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LOCALE = Path("demoapp/locale")
DOMAIN = "demoapp"
TRANSLATED = ("ko",)
"""English is the text in the sources."""


def extract() -> Catalog:
    """Every text of the sources and templates."""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found.pot"
        command = [Path(sys.executable).with_name("pot-create"), "--no-linenumbers"]
        subprocess.run(  # noqa: S603 - our own words only
            [*command, "-d", DOMAIN, "-o", found, "demoapp"], cwd=ROOT, check=True
        )
        messages = read_po(BytesIO(found.read_bytes()))
    catalog = Catalog()
    for message in messages:
        if message.id:
            # without lingua's guess that a text with a % or $ in it is a Python format
            catalog.add(message.id, locations=[(str(Path(p)), n) for p, n in message.locations])
    return catalog


def empty(locale: str) -> Catalog:
    """A catalogue whose header never changes."""
    day = datetime(2026, 1, 1, tzinfo=UTC)
    catalog = Catalog(
        locale,
        DOMAIN,
        header_comment=f"# Texts of Pyramid Tea House ({locale}); see: make messages",
        project=DOMAIN,
        version="1",
        creation_date=day,
        revision_date=day,
        fuzzy=False,
    )
    catalog.msgid_bugs_address = catalog.last_translator = ""
    catalog.language_team = ""
    return catalog


def translate(template: Catalog, locale: str) -> Catalog:
    """The texts of the template with the translations that the .po file has by now."""
    path = ROOT / LOCALE / locale / "LC_MESSAGES" / f"{DOMAIN}.po"
    known = read_po(BytesIO(path.read_bytes()), locale) if path.exists() else Catalog(locale)
    known.update(template, no_fuzzy_matching=True)
    catalog = empty(locale)
    for message in known:
        if message.id:
            catalog[message.id] = message
    return catalog


def files() -> dict[Path, bytes]:
    """Every catalogue file as it should be."""
    template = extract()
    result: dict[Path, bytes] = {}
    for locale in TRANSLATED:
        catalog, folder = translate(template, locale), LOCALE / locale / "LC_MESSAGES"
        text, compiled = BytesIO(), BytesIO()
        write_po(text, catalog, width=100, sort_output=True, include_lineno=False)
        write_mo(compiled, catalog)
        result[folder / f"{DOMAIN}.po"] = text.getvalue()
        result[folder / f"{DOMAIN}.mo"] = compiled.getvalue()
    return result


def main() -> int:
    stale = {
        path: content
        for path, content in files().items()
        if not (ROOT / path).exists() or (ROOT / path).read_bytes() != content
    }
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path} is out of date; say: make messages")
        return 1 if stale else 0
    for path, content in stale.items():
        (ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (ROOT / path).write_bytes(content)
        print(f"{path} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())

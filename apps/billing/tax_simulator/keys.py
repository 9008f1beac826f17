"""The simulator's application id and secret, made once, kept in a file that the site reads, too."""

import json
import secrets
from pathlib import Path

APP_ID = "tax-simulator"
FILE = "tax-simulator.json"


def kept_in(folder: Path) -> tuple[str, str]:
    """The same id and secret for every process that looks here."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / FILE
    if not path.exists():
        fresh = path.with_suffix(f".{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps({"app_id": APP_ID, "secret": secrets.token_urlsafe(32)}))
        try:
            path.hardlink_to(fresh)  # whoever is first wins, whole
        except FileExistsError:
            pass
        fresh.unlink()
    kept = json.loads(path.read_text())
    return kept["app_id"], kept["secret"]

"""The system's Chromium for the browser stories; Playwright's own download is never used."""

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW_TO_GET = "no Chromium found: `apt-get install chromium` (or set CHROMIUM=/path/to/it) to run the browser stories"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find() -> str | None:
    """The path of a Chromium: the variable CHROMIUM, else the first of the usual names on PATH."""
    if os.environ.get("CHROMIUM"):
        return shutil.which(os.environ["CHROMIUM"])
    return next(filter(None, map(shutil.which, NAMES)), None)


if __name__ == "__main__":
    print(f"Browser stories run in {find()}" if find() else f"Browser stories are skipped: {HOW_TO_GET}")

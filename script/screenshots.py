"""The pictures of the README, taken in a real browser from the running demo."""

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from apps.demo.logins import PASSWORD  # noqa: E402
from tests import chromium  # noqa: E402

IMAGES = PROJECT / "docs" / "images"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


def main(site: str) -> int:
    path = chromium.find()
    if path is None:
        print(chromium.HOW_TO_GET, file=sys.stderr)
        return 1
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        desk = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN").new_page()
        _sign_in(desk, site)
        _take(desk, f"{site}/admin/queue/?tab=all", "queue")
        desk.locator("a[href*='/admin/tickets/20']").first.click()
        desk.wait_for_load_state("networkidle")
        desk.screenshot(path=IMAGES / "workspace.png")
        _take(desk, f"{site}/admin/", "dashboard")
        finance = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN").new_page()
        _sign_in(finance, site, "pengjuan")
        _take(finance, f"{site}/desk/", "approvals")
        phone = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN").new_page()
        _take(phone, f"{site}/", "form-phone")
        browser.close()
    return 0


def _sign_in(page: Page, site: str, user: str = "chenjing") -> None:
    page.goto(f"{site}/admin/login/")
    page.fill("input[name=username]", user)
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")
    page.wait_for_load_state("networkidle")


def _take(page: Page, address: str, name: str) -> None:
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1].rstrip("/")))

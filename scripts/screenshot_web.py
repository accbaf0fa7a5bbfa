"""Takes docs/web.png, web-phone.png, web-dark.png, web-codes.png and web-stats.png: the page in headless Chromium. Look at them."""

import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Page, sync_playwright  # noqa: E402

from bot import load  # noqa: E402
from tests.adapters.web.site import FLAGS, fill_numbers, find_chromium, open_site  # noqa: E402

PASTE = (
    "550-5.7.26 This mail has been blocked because the sender is unauthenticated. SPF [news.example.com] with ip: "
    "[192.0.2.7] = did not pass. DKIM = did not pass"
)
COMPLETE = "() => [...document.images].every((image) => image.complete && image.naturalWidth)"
DESKTOP, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}


def paste(page: Page) -> None:
    page.fill("#text", PASTE)
    page.get_by_role("button", name="Explain").click()
    page.locator(".card h2").wait_for()
    page.mouse.move(0, 0)
    page.wait_for_function("() => !document.querySelector('[aria-busy]')")


def main(folder: Path) -> int:
    chromium = find_chromium()
    if chromium is None:
        print("chromium is not installed (Debian: apt install chromium)", file=sys.stderr)
        return 1
    with open_site(load()) as site, sync_playwright() as playwright:
        fill_numbers(site.store)
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))

        def take(name: str, path: str, size: dict[str, int], scheme: str = "light", scale: int = 1) -> None:
            page = browser.new_page(
                viewport=size,
                color_scheme=scheme,
                device_scale_factor=scale,
                reduced_motion="reduce",
                base_url=site.url,
            )  # type: ignore[arg-type]
            page.goto(path)
            if path == "/":
                paste(page)
            page.wait_for_function(COMPLETE)
            page.screenshot(path=folder / name)
            page.close()

        take("web.png", "/", DESKTOP)
        take("web-phone.png", "/", PHONE, scale=2)
        take("web-dark.png", "/?q=451", DESKTOP, "dark")
        take("web-codes.png", "/codes", DESKTOP)
        take("web-stats.png", "/stats", DESKTOP)
        browser.close()
    print(f"{folder}/web*.png are new pictures; look at them")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs"))

"""Look at the built site in a real browser: ``python tools/check_docs.py SITE PICTURES``.

The site is served on localhost. Every page is opened once in headless Chromium: an error on its console, or a link to a
page, an anchor or a picture that is not there, fails the check. The search is used as a reader would. Screenshots of
some pages, as wide as a desktop and as a phone, go into the folder PICTURES, to be looked at.
"""

import argparse
import functools
import shutil
import sys
import tempfile
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin

WIDTHS = {"desktop": (1300, 900), "phone": (390, 844)}
SHOWN = {
    "landing": "index.html",
    "first-hour": "auto_examples/first_hour/index.html",
    "gallery": "auto_examples/index.html",
    "example": "auto_examples/plot_lstm_by_hand.html",
    "reference": "generated/sklearn_recurrent.LSTMClassifier.html",
    "guide": "guide.html",
    "search": "search.html?q=attention+weights",
}
LINKS = """
const links = [...document.querySelectorAll("a[href], img[src], link[href], script[src]")];
return [links.map(link => link.href || link.src), [...document.querySelectorAll("[id]")].map(thing => thing.id)];
"""
TOO_WIDE = "return document.documentElement.scrollWidth - document.documentElement.clientWidth;"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        """Say nothing of each request."""


def served(folder):
    """The address of the folder on localhost."""
    handler = functools.partial(Quiet, directory=str(folder))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


def browser(profile):
    """Headless Chromium, which asks nobody but the site; exit with a message where it is missing."""
    try:
        from selenium import webdriver
    except ImportError:
        sys.exit('Expected the package selenium, got none: pip install -e ".[docs]"')
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    driver = shutil.which("chromedriver")
    if not chromium or not driver:
        missing = "chromium" if not chromium else "chromedriver"
        sys.exit(f"Expected {missing}, got none: install the system's packages chromium and chromium-driver.")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for switch in (
        "headless=new",
        "no-sandbox",
        "disable-gpu",
        "disable-quic",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        "hide-scrollbars",
        f"user-data-dir={profile}",
    ):
        options.add_argument(f"--{switch}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))


def visit_all(chrome, root, site, pages):
    """Every fault of the pages, as a sentence."""
    faults = []
    anchors = {}
    links = []
    for page in pages:
        address = root + page
        chrome.get(address)
        faults += [f"{page}: console: {entry['message']}" for entry in errors_of(chrome)]
        found, anchors[address] = chrome.execute_script(LINKS)
        links += [(page, urljoin(address, link)) for link in found if urljoin(address, link).startswith(root)]
    return faults + broken(links, anchors, root, site)


def errors_of(chrome):
    """What the console says since the last call, but for the icon that browsers ask for."""
    entries = chrome.get_log("browser")
    return [entry for entry in entries if entry["level"] == "SEVERE" and "favicon.ico" not in entry["message"]]


def broken(links, anchors, root, site):
    """Sentences on links that lead nowhere. Each link: the page it stands on, and its address."""
    faults = []
    for page, link in links:
        address, anchor = urldefrag(link)
        address = address.split("?")[0]
        if address.endswith("/"):
            address += "index.html"
        path = site / unquote(address.removeprefix(root))
        if not path.is_file():
            faults.append(f"{page}: {link} is not there")
        elif anchor and address in anchors and unquote(anchor) not in anchors[address]:
            faults.append(f"{page}: {link} has no such place")
    return sorted(set(faults))


def look(chrome, root, pictures):
    """Screenshots; faults of what they show."""
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    faults = []
    for width_name, (width, height) in WIDTHS.items():
        # The window of a desktop is never as narrow as a phone: the size of the page is set, not that of the window.
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        for name, page in SHOWN.items():
            chrome.get(root + page)
            if name == "search":
                WebDriverWait(chrome, 20).until(lambda b: b.find_elements(By.CSS_SELECTOR, "#search-results li a"))
            if chrome.execute_script(TOO_WIDE) > 0:
                faults.append(f"{page} is wider than a {width_name}")
            chrome.save_screenshot(str(pictures / f"{name}-{width_name}.png"))
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("site", type=Path)
    parser.add_argument("pictures", type=Path)
    arguments = parser.parse_args()
    site = arguments.site.resolve()
    if not (site / "index.html").is_file():
        sys.exit(f"Expected a built site, got no index.html in {site}: make docs")
    arguments.pictures.mkdir(parents=True, exist_ok=True)
    pages = sorted(str(path.relative_to(site)) for path in site.rglob("*.html") if "_static" not in path.parts)
    with tempfile.TemporaryDirectory() as profile:
        chrome = browser(profile)
        root = served(site)
        try:
            faults = visit_all(chrome, root, site, pages) + look(chrome, root, arguments.pictures)
        finally:
            chrome.quit()
    print("\n".join(faults) or f"{len(pages)} pages: every link leads somewhere, no error on a console.")
    print(f"pictures: {arguments.pictures}")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: MIT OR Apache-2.0
"""Opens every page of the built book in headless Chromium, as a reader would.

Usage: browser.py FOLDER. Needs Python's standard library, chromium and chromedriver.

Of every page, wide and phone-narrow, light and dark: no error on the console, no request to another
host, every formula with its height and its fonts, no page and no figure that scrolls sideways, none
heavier than 300 kB compressed without its fonts, colors that follow the theme. Without scripts: the text is there.
"""
import functools
import gzip
import http.server
import json
import pathlib
import socket
import subprocess
import sys
import threading
import time
import urllib.request

HEAVIEST = 300_000
LOOKS = [(width, theme) for width in (1440, 390) for theme in ("light", "dark")]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Driver:
    """The few calls of WebDriver that are needed."""

    def __init__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            ["chromedriver", f"--port={self.port}", "--silent"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            "--hide-scrollbars", "--disable-dev-shm-usage"]
        wish = {"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}}}
        for attempt in range(60):
            try:
                self.base = ""
                answer = self.call("POST", "/session", wish)
                break
            except OSError:
                if attempt == 59:
                    raise
                time.sleep(0.5)
        self.base = "/session/" + answer["sessionId"]

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{self.base}{path}", data=data, method=method,
            headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)["value"]

    def open(self, url):
        self.call("POST", "/url", {"url": url})

    def script(self, text):
        return self.call("POST", "/execute/sync", {"script": text, "args": []})

    def log(self, kind):
        return self.call("POST", "/se/log", {"type": kind})

    def devtools(self, command, **parameters):
        body = {"cmd": command, "params": parameters}
        return self.call("POST", "/goog/cdp/execute", body)

    def end(self):
        try:
            self.call("DELETE", "")
        finally:
            self.process.kill()


LOOK = """
const formulas = [...document.querySelectorAll('.katex-html')];
const flat = formulas.filter(f => f.getClientRects().length && f.getBoundingClientRect().height < 5);
const main = document.querySelector('main') || document.body;
return {
  formulas: formulas.length,
  flat: flat.length,
  fonts: [...document.fonts].filter(f => f.family.includes('KaTeX') && f.status === 'loaded').length,
  broken: [...document.fonts].filter(f => f.status === 'error').map(f => f.family),
  wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
  hidden: [...document.querySelectorAll('figure')].filter(f => f.scrollWidth > f.clientWidth + 1).length,
  colors: getComputedStyle(document.body).color,
  words: main.innerText.split(/\\s+/).length,
};
"""


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    pages = sorted(str(p.relative_to(root)) for p in root.rglob("*.html"))
    pages = [p for p in pages if p not in ("toc.html",) and not p.startswith("print")]
    if not pages:
        sys.exit(f"{root}: no pages")
    handler = functools.partial(Quiet, directory=str(root))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://127.0.0.1:{server.server_address[1]}/"
    driver = Driver()
    wrong, checks, formulas, heaviest, colors = [], 0, 0, (0, ""), {}
    try:
        for width, theme in LOOKS:
            driver.devtools("Emulation.setDeviceMetricsOverride", width=width, height=900,
                            deviceScaleFactor=1, mobile=width < 500)
            driver.devtools("Emulation.setEmulatedMedia",
                            features=[{"name": "prefers-color-scheme", "value": theme}])
            for page in pages:
                driver.log("performance")
                driver.open(here + page)
                driver.script("return document.fonts.ready.then(() => true)")
                seen = driver.script(LOOK)
                name = f"{page} at {width} px, {theme}"
                checks += 1
                formulas += seen["formulas"]
                colors.setdefault(page, set()).add(seen["colors"])
                for entry in driver.log("browser"):
                    if entry["level"] in ("SEVERE", "WARNING") and "404.html" not in page:
                        wrong.append(f"{name}: console: {entry['message']}")
                weight = 0
                for entry in driver.log("performance"):
                    message = json.loads(entry["message"])["message"]
                    if message["method"] == "Network.requestWillBeSent":
                        url = message["params"]["request"]["url"]
                        if not url.startswith((here, "data:", "blob:")):
                            wrong.append(f"{name}: asks for {url}")
                        elif url.startswith(here) and not url.endswith(".woff2"):
                            file = root / url[len(here):].split("?")[0].split("#")[0]
                            weight += len(gzip.compress(file.read_bytes())) if file.is_file() else 0
                heaviest = max(heaviest, (weight, page))
                if weight > HEAVIEST:
                    wrong.append(f"{name}: {weight} bytes compressed")
                if seen["flat"]:
                    wrong.append(f"{name}: {seen['flat']} formulas without height")
                if seen["formulas"] and not seen["fonts"]:
                    wrong.append(f"{name}: formulas, and none of their fonts is loaded")
                if seen["broken"]:
                    wrong.append(f"{name}: broken fonts {seen['broken']}")
                if seen["hidden"]:
                    wrong.append(f"{name}: {seen['hidden']} figures with something out of sight")
                if seen["wide"] > 0:
                    wrong.append(f"{name}: scrolls sideways by {seen['wide']} px")
        driver.devtools("Emulation.setScriptExecutionDisabled", value=True)
        for page in pages:
            driver.open(here + page)
            driver.devtools("Emulation.setScriptExecutionDisabled", value=False)
            words = driver.script(LOOK)["words"]
            driver.devtools("Emulation.setScriptExecutionDisabled", value=True)
            checks += 1
            if words < 10:
                wrong.append(f"{page}: {words} words without scripts")
    finally:
        driver.end()
    wrong += [f"{page}: the same colors in light and dark" for page in pages if len(colors[page]) < 2]
    if not formulas:
        wrong.append("no formula on any page")
    for line in wrong:
        print(line)
    print(f"{len(pages)} pages, {formulas} formulas looked at; the heaviest is "
          f"{heaviest[1]} with {heaviest[0] // 1000} kB")
    print(f"{checks} passed, {len(wrong)} failed" if not wrong else f"0 passed, {len(wrong)} failed")
    sys.exit(1 if wrong else 0)


main()

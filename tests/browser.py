# SPDX-License-Identifier: MIT OR Apache-2.0
"""Reads the book as its program serves it, in headless Chromium, as a reader would.

Usage: browser.py [COMMAND...], which serves the book and prints its address first; cargo run, unless
said. Needs Python's standard library, chromium and chromedriver.

Of every page, wide and phone-narrow, light and dark: no error on the console, nothing that the content
security policy refuses, no request to another host, every formula with its height and its fonts, no page
and no figure that scrolls sideways, none heavier than 300 kB compressed without its fonts, colors that
follow the theme. Without scripts: the text is there.
Of the server: more tabs than a browser opens connections, search, themes, the page to print, a policy that
is in force, the book behind a proxy below a prefix, a page that is loaded again after a rebuild and tells
of one that failed, and that asks for nothing while nobody looks at it.
"""
import gzip
import http.client
import http.server
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

HEAVIEST = 300_000
LOOKS = [(width, theme) for width in (1440, 390) for theme in ("light", "dark")]


ROOT = pathlib.Path(__file__).resolve().parent.parent
BOOK = ROOT / "target/book"
PREFIX = "/some/prefix"


class Book:
    """The program, serving the book."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
        self.address = self.process.stdout.readline().strip()
        if not self.address.startswith("http://"):
            sys.exit(f"{command}: serves nothing")

    def end(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()


def proxy(port):
    """Hands on what is asked below a prefix, without it, as a server in front of others does."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            if not self.path.startswith(PREFIX + "/"):
                self.send_error(404, "not below the prefix")
                return
            behind = http.client.HTTPConnection("127.0.0.1", port)
            behind.request("GET", self.path[len(PREFIX):])
            answer = behind.getresponse()
            body = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name not in ("Connection", "Content-Length"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}{PREFIX}/"


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
        """Whether the page is loaded. The driver's own wait may end at a new tab's blank page."""
        self.call("POST", "/url", {"url": url})
        return self.wait("return location.href !== 'about:blank' && document.readyState === 'complete'")

    def script(self, text):
        return self.call("POST", "/execute/sync", {"script": text, "args": []})

    def wait(self, text):
        """Whether a script gives something true within half a minute."""
        for _ in range(300):
            try:
                if self.script(text):
                    return True
            except urllib.error.HTTPError:
                pass  # The page is being loaded again.
            time.sleep(0.1)
        return False

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


def served(driver, here):
    """What must hold of the server and of what its policy lets a page do; what is wrong, in lines."""
    checks, wrong = 0, []

    def check(holds, what):
        nonlocal checks
        checks += 1
        if not holds:
            wrong.append(what)

    def quiet(what):
        severe = [entry["message"] for entry in driver.log("browser") if entry["level"] != "INFO"]
        check(not severe, f"{what}: console: {severe}")

    first = driver.call("GET", "/window")
    driver.call("POST", "/timeouts", {"pageLoad": 10_000})
    driver.log("browser")
    try:
        for _ in range(8):
            window = driver.call("POST", "/window/new", {"type": "tab"})["handle"]
            driver.call("POST", "/window", {"handle": window})
            check(driver.open(here + "index.html"), "a tab is not loaded")
    except urllib.error.HTTPError as error:
        check(False, f"not all of eight tabs are loaded: {json.load(error)['value']['error']}")
    for window in driver.call("GET", "/window/handles"):
        if window != first:
            driver.call("POST", "/window", {"handle": window})
            driver.call("DELETE", "/window")
    driver.call("POST", "/window", {"handle": first})
    driver.call("POST", "/timeouts", {"pageLoad": 120_000})
    quiet("eight tabs")

    driver.open(here + "index.html")
    driver.script("document.getElementById('mdbook-search-toggle').click();"
                  "const bar = document.getElementById('mdbook-searchbar'); bar.value = 'gradient';"
                  "bar.dispatchEvent(new Event('input', {bubbles: true}));"
                  "bar.dispatchEvent(new KeyboardEvent('keyup', {bubbles: true, key: 't'}));")
    check(driver.wait("return document.querySelectorAll('#mdbook-searchresults li').length > 3"),
          "the search finds nothing")
    for theme, name in (("navy", "navy"), ("light", "light")):
        driver.script("document.getElementById('mdbook-theme-toggle').click();"
                      f"document.getElementById('mdbook-theme-{theme}').click()")
        check(driver.wait(f"return document.documentElement.classList.contains('{name}')"),
              f"the theme {theme} cannot be chosen")
    driver.script("localStorage.clear()")
    quiet("search and themes")

    once = driver.devtools("Page.addScriptToEvaluateOnNewDocument",
                           source="window.print = () => { window.printed = true; };")
    driver.open(here + "print.html")
    check(driver.wait("return window.printed"), "the page to print is not printed")
    check(driver.script(LOOK)["flat"] == 0, "the page to print has formulas without height")
    quiet("the page to print")
    driver.devtools("Page.removeScriptToEvaluateOnNewDocument", identifier=once["identifier"])

    driver.open(here + "index.html")
    check(driver.script(
        "return WebAssembly.compile(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])).then(() => true)"),
        "WebAssembly is refused")
    quiet("WebAssembly")
    refused = driver.script("""
        const script = document.createElement('script');
        script.textContent = 'window.injected = true';
        document.body.append(script);
        const button = document.createElement('button');
        button.setAttribute('onclick', 'window.injected = true');
        button.click();
        const other = fetch('http://127.0.0.2:9/').then(() => false, () => true);
        return other.then((refused) => refused && !window.injected);""")
    said = " ".join(entry["message"] for entry in driver.log("browser"))
    check(refused and "127.0.0.2" in said and "Content Security Policy" in said,
          f"the policy is not in force: {said}")

    asked = ("return performance.getEntriesByType('resource')"
             ".filter(entry => entry.name.endsWith('/.rebuilt')).length")
    hide = ("Object.defineProperty(document, 'hidden', {value: %s, configurable: true});"
            "document.dispatchEvent(new Event('visibilitychange'));")
    driver.open(here + "index.html")
    check(driver.wait(asked.replace("return", "return 2 <=", 1)), "a page asks for no newer book")
    driver.script(hide % "true")
    time.sleep(0.5)
    before = driver.script(asked)
    time.sleep(2.5)
    check(driver.script(asked) == before, "a page asks although nobody looks at it")
    driver.script(hide % "false")
    check(driver.wait(f"{asked} > {before}"), "a page that is looked at again asks for nothing")

    # Told in text, and gone when the book is right again.
    answer = ("window.fetch = async () => new Response(JSON.stringify("
              "{version: document.querySelector('script[data-version]').dataset.version, wrong: %s}))")
    driver.script(answer % json.dumps("book/a.md:3: <b>wrong</b>\nand more"))
    check(driver.wait("const box = document.querySelector('[role=alert]');"
                      "return box && box.children.length === 0 && box.getClientRects().length > 0"
                      " && box.textContent === 'book/a.md:3: <b>wrong</b>\\nand more'"),
          "a build that failed is not told")
    driver.script(answer % "null")
    check(driver.wait("return !document.querySelector('[role=alert]')"),
          "a build that failed is told although another did not")
    quiet("a build that failed")

    behind = proxy(here.split(":")[2].strip("/"))
    some = next(BOOK.glob("*/index.html")).parent.name
    driver.open(behind + some + "?a=b")
    check(driver.script("return location.href") == f"{behind}{some}/?a=b", "a redirect loses its prefix")
    quiet("behind a proxy")
    driver.open(behind + some + "/nowhere/at/all.html")
    check(driver.script("return document.querySelector('.menu-title a').href") == behind + "index.html"
          and driver.script("return [...document.querySelectorAll('link[rel=stylesheet]')]"
                            ".every(link => link.sheet && link.sheet.cssRules.length)"),
          "the page for strays is broken below a prefix")
    driver.log("browser")
    driver.open(behind + some + "/index.html")
    driver.script("window.before = true")
    time.sleep(1)
    (ROOT / "book/SUMMARY.md").touch()
    check(driver.wait("return !window.before && document.readyState === 'complete'"),
          "a page behind a proxy is not loaded again after a rebuild")
    quiet("a rebuild")
    return checks, wrong


def main():
    book = Book(sys.argv[1:] or ["cargo", "run", "-q"])
    try:
        look(book.address)
    finally:
        book.end()


def look(here):
    pages = sorted(str(p.relative_to(BOOK)) for p in BOOK.rglob("*.html"))
    pages = [p for p in pages if p not in ("toc.html",) and not p.startswith("print")]
    if not pages:
        sys.exit(f"{BOOK}: no pages")
    driver = Driver()
    formulas, heaviest, colors = 0, (0, ""), {}
    try:
        checks, wrong = served(driver, here)
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
                    if entry["level"] in ("SEVERE", "WARNING"):
                        wrong.append(f"{name}: console: {entry['message']}")
                weight = 0
                for entry in driver.log("performance"):
                    message = json.loads(entry["message"])["message"]
                    if message["method"] == "Network.requestWillBeSent":
                        url = message["params"]["request"]["url"]
                        if not url.startswith((here, "data:", "blob:")):
                            wrong.append(f"{name}: asks for {url}")
                        elif url.startswith(here) and not url.endswith(".woff2"):
                            file = BOOK / url[len(here):].split("?")[0].split("#")[0]
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

"""A tiny app of each framework: the page loads, it answers over its WebSocket, files go through."""

import hashlib
import http.client
import json
import ssl
from base64 import b64encode

from tests.frameworks.support import FrameworkCase, shows, why_not
from tests.support.daemon import LOGIN

MEGABYTES = 200
TEXTS = "return [...document.querySelectorAll('textarea')].map(e => e.value)"
_LOGIN = "Basic " + b64encode(":".join(LOGIN).encode()).decode()


def framework(name):
    """Skip the test of a framework that was not asked for."""

    def mark(test):
        if reason := why_not(name):
            test.skip = reason
        return test

    return mark


class FrameworkTests(FrameworkCase):
    @framework("flask")
    def test_flask(self):
        """Links lead back into the app, and 200 MB go both ways without filling the memory."""
        self.install("flask")

        def look(browser):
            self.assertEqual(browser.find("h1").text, "flask")
            home = browser.url
            browser.click("moved")
            browser.until(lambda: browser.url == home, "not redirected into the app")

        self.browse(look)
        before = self.memory()
        size, digest = self.upload("/flask/upload")
        self.assertEqual(size, MEGABYTES * 1_000_000)
        self.assertEqual(digest, hashlib.sha256(b"x" * size).hexdigest())
        self.assertEqual(self.download(f"/flask/download?mb={MEGABYTES}"), MEGABYTES * 1_000_000)
        self.assertLess(self.memory() - before, 60)

    @framework("fastapi")
    def test_fastapi(self):
        """The API knows its address, its documentation loads, and a WebSocket echoes."""
        self.install("fastapi")

        def look(browser):
            shows(browser, f'"here":"{browser.url}"')
            browser.driver.set_script_timeout(20)
            echo = browser.driver.execute_async_script(
                "const done = arguments[0];"
                "const socket = new WebSocket(location.href.replace('http', 'ws') + 'echo');"
                "socket.onopen = () => socket.send('heard');"
                "socket.onmessage = event => done(event.data);"
                "socket.onerror = () => done('failed');"
            )
            self.assertEqual(echo, "heard")

        self.browse(look)

    @framework("django")
    def test_django(self):
        """A form with Django's own protection is taken: the app sees the visitor's host."""
        self.install("django")

        def look(browser):
            browser.find("button").click()
            shows(browser, "django posted")

        self.browse(look)

    @framework("streamlit")
    def test_streamlit(self):
        """A button runs the script again, over the WebSocket."""
        self.install("streamlit")

        def look(browser):
            shows(browser, "streamlit")
            browser.find("div[data-testid=stButton] button").click()
            shows(browser, "was pressed")

        self.browse(look)

    @framework("gradio")
    def test_gradio(self):
        """A text goes to the function and comes back."""
        self.install("gradio")

        def look(browser):
            shows(browser, "gradio")
            browser.fill("textarea", "you")
            browser.find("button.primary").click()
            browser.until(
                lambda: (
                    "heard you"
                    in browser.run(
                        "return [...document.querySelectorAll('textarea')].map(e => e.value)"
                    )
                ),
                "nothing was heard",
            )

        self.browse(look)

    @framework("dash")
    def test_dash(self):
        """What is typed reaches the callback."""
        self.install("dash")

        def look(browser):
            shows(browser, "dash")
            browser.fill("#said", "you")
            shows(browser, "heard you")

        self.browse(look)

    @framework("nicegui")
    def test_nicegui(self):
        """A button is heard on the server."""
        self.install("nicegui")

        def look(browser):
            shows(browser, "nicegui")
            browser.find("button").click()
            shows(browser, "was pressed")

        self.browse(look)

    @framework("shiny")
    def test_shiny(self):
        """What is typed reaches the server's function."""
        self.install("shiny")

        def look(browser):
            shows(browser, "shiny")
            browser.fill("#said", "you")
            shows(browser, "heard you")

        self.browse(look)

    @framework("panel")
    def test_panel(self):
        """The document opens over its WebSocket, and the page is complete."""
        self.install("panel")

        def look(browser):
            browser.until(
                lambda: browser.run("return window.Bokeh && Bokeh.documents.length > 0"),
                "no document",
            )

        self.browse(look)

    @framework("marimo")
    def test_marimo(self):
        """The notebook runs, and shows what its cells say."""
        self.install("marimo")
        self.browse(lambda browser: shows(browser, "heard"))

    @framework("fasthtml")
    def test_fasthtml(self):
        """The page is there."""
        self.install("fasthtml")
        self.browse(lambda browser: shows(browser, "fasthtml"))

    @framework("others")
    def test_others(self):
        """WSGI and ASGI applications of no framework's own spec, and a Procfile, are served."""
        for name, said in {
            "bottle": "bottle at /bottle/",
            "starlette": "starlette at http",
            "procfile": "procfile at /",
        }.items():
            self.install(name)
            self.assertIn(said, self.daemon.get(f"/{name}/").body)

    def ask(self, method, path, body=None, headers=None):
        port = self.daemon.ports["https"]
        context = ssl.create_default_context(cafile=self.daemon.certificate)
        connection = http.client.HTTPSConnection("localhost", port, context=context, timeout=120)
        self.addCleanup(connection.close)
        known = {"Authorization": _LOGIN, **(headers or {})}
        connection.request(method, path, body, known)
        return connection.getresponse()

    def upload(self, path):
        pieces = (b"x" * 1_000_000 for _ in range(MEGABYTES))
        length = {"Content-Length": str(MEGABYTES * 1_000_000)}
        answer = self.ask("POST", path, pieces, length)
        text = answer.read().decode()
        self.assertEqual(answer.status, 200, text)
        told = json.loads(text)
        return told["size"], told["sha256"]

    def download(self, path):
        answer = self.ask("GET", path)
        size = 0
        while piece := answer.read(1_000_000):
            size += len(piece)
        return size

    @framework("pandas")
    def test_pandas(self):
        """Packages of compiled code compute within the limits of the wall; a script names them."""
        self.install("pandas")
        self.assertEqual(self.daemon.get("/pandas/").body, "north 8 and 1")

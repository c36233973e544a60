"""The examples that need packages from PyPI, on a real server."""

import shutil
import subprocess
from urllib.parse import urlencode

from tests.frameworks.support import FrameworkCase, is_chosen, shows
from tests.frameworks.test_frameworks import framework
from tests.support.daemon import EXAMPLES


class ExampleTests(FrameworkCase):
    @framework("flask")
    def test_flask_todo(self):
        """What is added is kept in the app's own folder, through a restart of its program."""
        self.daemon = self.make_daemon()
        self.daemon.start()
        create = ("app", "create", "--approve", "--copt", "data=/data")
        done = self.daemon.cli(*create, str(EXAMPLES / "flask_todo"), "/todo", seconds=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode({"text": "<milk>"}).encode()
        added = self.daemon.ask("POST", "/todo/add", body=body, headers=form)
        self.assertEqual((added.status, added.headers["Location"]), (302, "/todo/"))
        self.daemon.must("app", "restart", "/todo")
        self.assertIn("&lt;milk&gt; <small>admin</small>", self.daemon.get("/todo/").body)

    @framework("fastapi")
    def test_fastapi_api(self):
        """The API answers with two processes, and its documentation finds its description."""
        self.daemon = self.make_daemon()
        self.daemon.start()
        create = ("app", "create", "--approve", "--copt", "workers=2")
        done = self.daemon.cli(*create, str(EXAMPLES / "fastapi_api"), "/stock", seconds=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn('"apples":3', self.daemon.get("/stock/stock").body)
        self.assertIn("/stock/openapi.json", self.daemon.get("/stock/docs").body)

    @framework("streamlit")
    def test_streamlit_sales(self):
        """The dashboard of one file draws its numbers."""
        self.install("sales", str(EXAMPLES / "streamlit_sales" / "sales.py"))
        self.browse(lambda browser: shows(browser, "Total"))

    def test_go_hello(self):
        """The program is an app as it was compiled, and greets by name."""
        self.daemon = self.make_daemon()
        self.daemon.start()
        program = self.daemon.home / "hello"
        command = ["go", "build", "-C", str(EXAMPLES / "go_hello"), "-o", str(program)]
        environ = {"CGO_ENABLED": "0", "PATH": "/usr/local/go/bin:/usr/bin:/bin", "HOME": "/root"}
        subprocess.run(command, env=environ, check=True, timeout=300)
        created = self.daemon.must("app", "create", "--approve", str(program), "/go")
        self.assertIn("Spec: executable (hello is a program)", created)
        self.assertEqual(self.daemon.get("/go/").body, "Hello, admin!\n")

    if not is_chosen("go"):
        test_go_hello.skip = "make frameworks FRAMEWORKS=go runs it"
    if not shutil.which("go", path="/usr/local/go/bin:/usr/bin"):
        test_go_hello.skip = "go is not installed"

"""The commands by which servers are started."""

from twisted.trial.unittest import SynchronousTestCase

from clace.environments.commands import LaunchFacts, server_command
from clace.environments.entries import EntryPoint
from clace.environments.table import BY_NAME
from clace.errors import BadRequest
from clace.interfaces import WorkloadOrder
from clace.model import App, AppMetadata, WorkloadConfig
from clace.sources.tree import SourceTree


class CommandTests(SynchronousTestCase):
    def of(self, spec, **options):
        metadata = AppMetadata(container_options=options)
        app = App(id="app_prd_1", path="/sales", metadata=metadata)
        order = WorkloadOrder(app=app, files=SourceTree({}), config=WorkloadConfig())
        entry = EntryPoint("app.py", "app")
        return server_command(
            LaunchFacts(order=order, spec=BY_NAME[spec], entry=entry, python="python")
        )

    def test_no_access_log(self):
        """What our access log has is not in the log of the app once more."""
        self.assertIn("--no-access-log", self.of("python-fastapi").command)
        self.assertNotIn("--access-logfile", self.of("python-flask").command)

    def test_access_log(self):
        """An operator who wants the requests there too gets them, of servers that can."""
        fast = self.of("python-fastapi", access_log="true").command
        self.assertNotIn("--no-access-log", fast)
        self.assertIn("--no-access-log", self.of("python-fastapi", access_log="false").command)
        flask = self.of("python-flask", access_log="1").command
        self.assertEqual(flask[flask.index("--access-logfile") + 1], "-")
        with self.assertRaises(BadRequest) as caught:
            self.of("python-streamlit", access_log="true")
        told = "option access_log is for what gunicorn or uvicorn serves"
        self.assertEqual(str(caught.exception), told)

    def test_quiet(self):
        """Streamlit tells no address that nobody can open, marimo keeps notes where it can."""
        streamlit = self.of("python-streamlit").environment
        self.assertEqual(streamlit["STREAMLIT_LOGGER_HIDE_WELCOME_MESSAGE"], "true")
        marimo = self.of("python-marimo").environment
        self.assertEqual(marimo["XDG_CONFIG_HOME"], "/tmp/config")

"""Options of operators for containers."""

from twisted.trial.unittest import SynchronousTestCase

from clace.containers.options import ContainerOptions, option_arguments, read_options
from clace.errors import BadRequest
from clace.model import App, AppMetadata

ALLOWED = {"add-host": "regex:[a-z.]+:[0-9.]+", "init": ""}


class OptionTests(SynchronousTestCase):
    def read(self, **options):
        named = {name.replace("_", "-"): value for name, value in options.items()}
        app = App(id="app_prd_1", path="/x", metadata=AppMetadata(container_options=named))
        return read_options(app, ALLOWED)

    def refused(self, **options):
        with self.assertRaises(BadRequest) as caught:
            self.read(**options)
        return str(caught.exception)

    def test_known(self):
        """Limits and the network are known, with the prefixes of other servers too."""
        self.assertEqual(self.read(), ContainerOptions())
        found = self.read(memory="512MB", cpus="0.5", network="bridge")
        self.assertEqual(found, ContainerOptions(memory="512m", cpus="0.5", network="bridge"))
        self.assertEqual([*option_arguments(found)], ["--memory=512m", "--cpus=0.5"])
        app = App(
            id="app_prd_1",
            path="/x",
            metadata=AppMetadata(container_options={"docker.cpus": "2", "--memory": "1g"}),
        )
        self.assertEqual(read_options(app, {}), ContainerOptions(memory="1g", cpus="2"))

    def test_allowed_by_the_configuration(self):
        """Others are denied unless the configuration has them, with a value that it allows."""
        found = self.read(add_host="db.local:10.0.0.5", init="")
        self.assertEqual([*option_arguments(found)], ["--add-host=db.local:10.0.0.5", "--init"])
        self.assertIn("is not what", self.refused(add_host="db:10.0.0.5 --privileged"))
        self.assertIn("allows only ''", self.refused(init="false"))
        self.assertIn("did you mean memory?", self.refused(memori="1g"))
        for name in ("privileged", "cap_add", "v", "security_opt", "pid", "env_file"):
            self.assertIn("security.allowed_container_args", self.refused(**{name: "x"}))

    def test_wrong_values(self):
        """Values that no engine takes are refused before it is asked."""
        for name, value in (
            ("memory", "-1"),
            ("cpus", "0"),
            ("cpus", "x"),
            ("network", "host"),
            ("socket", "x"),
        ):
            self.assertIn("expected", self.refused(**{name: value}))

"""The variables and arguments that uv gets."""

from twisted.trial.unittest import SynchronousTestCase

from clace.environments.settings import PythonOptions
from clace.environments.uv import UvCalls


class VariableTests(SynchronousTestCase):
    def of(self, index="https://index.example/simple", links=(), *, builds=False, **options):
        uv = UvCalls(
            program="/bin/uv",
            options=PythonOptions(**options),
            cache="/cache",
            folder="/work",
            index=index,
            links=links,
            builds=builds,
        )
        return uv, uv.environment()

    def test_nothing_of_its_own(self):
        """It downloads no Python, and reads no configuration, environment file or keyring."""
        _, environment = self.of()
        self.assertEqual(environment["UV_PYTHON_DOWNLOADS"], "never")
        self.assertEqual(environment["UV_NO_CONFIG"], "1")
        self.assertEqual(environment["UV_NO_ENV_FILE"], "1")
        self.assertEqual(environment["UV_KEYRING_PROVIDER"], "disabled")
        self.assertEqual((environment["HOME"], environment["TMPDIR"]), ("/work", "/work"))

    def test_places(self):
        """It knows the index, the links and the authorities of the configuration, and no other."""
        _, environment = self.of(links=("/a", "/b"), ca_file="/ca.pem")
        self.assertEqual(environment["UV_DEFAULT_INDEX"], "https://index.example/simple")
        self.assertEqual(environment["UV_FIND_LINKS"], "/a,/b")
        self.assertEqual(environment["SSL_CERT_FILE"], "/ca.pem")
        self.assertNotIn("UV_OFFLINE", environment)
        _, offline = self.of(index="", offline=True)
        self.assertEqual(offline["UV_OFFLINE"], "1")
        self.assertNotIn("UV_DEFAULT_INDEX", offline)

    def test_wheels_with_hashes(self):
        """It installs files with the hashes of the lock, and builds none unless it may."""
        uv, _ = self.of()
        install = " ".join(uv.install("lock.txt", "python"))
        self.assertIn("pip sync --require-hashes --python python --no-sources", install)
        self.assertIn("--only-binary :all:", install)
        self.assertNotIn("--no-index", install)
        building, _ = self.of(index="", builds=True)
        install = " ".join(building.install("lock.txt", "python"))
        self.assertNotIn("--only-binary", install)
        self.assertIn("--no-index", install)

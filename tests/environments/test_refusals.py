"""What is told of a build that failed."""

from twisted.trial.unittest import SynchronousTestCase

from clace.environments.settings import PythonOptions
from clace.environments.uv import refusal


class RefusalTests(SynchronousTestCase):
    def test_package_and_next_step(self):
        """The package that uv speaks of is named, whichever its words, with the next step."""
        unknown = "the index does not have it; look at its name and version"
        for said, package, step in (
            ("Because nosuch was not found in the package registry and", "nosuch", unknown),
            ("Because there is no version of flask==0.0.0 and you", "flask", unknown),
            ("Because there are no versions of flask and you", "flask", unknown),
            ("Because only flask<=3.1.3 is available and you", "flask", unknown),
            ("Because only the following versions of a-b are available:", "a-b", unknown),
            ("Because flask==3.1.0 depends on werkzeug>=3.1", "flask", "see the last lines"),
            (
                "Because old has no usable wheels",
                "old",
                "it has no wheel for this Python; building",
            ),
        ):
            error = refusal([f"  cause: {said}"], PythonOptions(), "requirements.txt", "")
            index = "from https://pypi.org/simple"
            told = f"cannot install {package} of requirements.txt {index}: {step}"
            self.assertTrue(error.message.startswith(told), error.message)
        self.assertIn("--copt builds=true", error.message)

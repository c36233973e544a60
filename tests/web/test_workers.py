"""Tests for ``clace.web.apps.workers``."""

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import NotAllowed
from clace.model.app import App
from clace.web.apps.workers import check_worker

ROOT, TOOL, INNER, NEAR = (
    App(id=f"app_prd_{number}", path=path)
    for number, path in enumerate(("/", "/tool", "/tool/inner", "/toolbox"))
)
STAGING = App(id="app_stg_1", path="/tool_cl_stage", main_app=TOOL.id)
ROOT_STAGING = App(id="app_stg_0", path="/_cl_stage", main_app=ROOT.id)


class WorkerTests(SynchronousTestCase):
    def test_refused(self):
        """A script is refused if its folder is above its app, or holds another one."""
        for path, app, others in [
            ("/tool", TOOL, ()),
            ("/tool", TOOL, (ROOT,)),
            ("/worker.js", ROOT, (TOOL,)),
            ("/", ROOT, (TOOL,)),
            ("/worker.js", ROOT, (ROOT_STAGING, STAGING)),
            ("/tool/worker.js", TOOL, (INNER,)),
            ("/tool/", TOOL, (ROOT, INNER)),
            ("/tool/inner", INNER, ()),
            ("/tool_cl_stage", STAGING, ()),
        ]:
            with self.assertRaises(NotAllowed, msg=path) as caught:
                check_worker(path, app, (app, *others))
            self.assertIn("could answer for other apps", caught.exception.message)

    def test_taken(self):
        """A script in a folder of its app without other apps is not."""
        for path, app, others in [
            ("/worker.js", ROOT, (ROOT_STAGING,)),
            ("/", ROOT, ()),
            ("/js/worker.js", ROOT, (TOOL,)),
            ("/tool/worker.js", TOOL, (ROOT, NEAR, STAGING)),
            ("/tool/", TOOL, (NEAR,)),
            ("/tool/js/worker.js", TOOL, (INNER,)),
            ("/tool_cl_stage/worker.js", STAGING, (TOOL, NEAR)),
        ]:
            check_worker(path, app, (app, *others))

"""Previews: created from a commit or a branch, shut off from the app, and gone in time."""

from msgspec.structs import replace

from clace.admin_api.apps import DELETE_APPS, DeleteApps
from clace.admin_api.previews import (
    CREATE_PREVIEW,
    DELETE_PREVIEW,
    LIST_PREVIEWS,
    CreatePreview,
    DeletePreview,
    ListPreviews,
)
from clace.admin_api.settings import UPDATE_SETTINGS, SettingsChange, UpdateSettings
from clace.environments.filling import Specs
from clace.errors import AppExists, BadRequest, NoSuchApp, SourceError
from clace.operations.previews import PreviewExpiry
from clace.operations.rooms import OperationRooms
from tests.operations.house import app_star
from tests.operations.test_administration import GIT, HouseCase
from tests.support.administration_contract import NONE, RUNS
from tests.support.audit_contract import maker_into


class PreviewCase(HouseCase):
    def setUp(self):
        super().setUp()
        self.put_commit("one")
        self.create("/a", GIT)

    def put_commit(self, body, demands=NONE, branch="main"):
        files = {"app.star": app_star(demands, body)}
        return self.house.sources.put_commit(GIT, files, branch=branch)

    def perform(self, operation, query):
        return self.house.administration.perform(operation, query)

    def preview(self, commit, path="/a", **options):
        query = CreatePreview(path, commit, **options)
        return self.successResultOf(self.perform(CREATE_PREVIEW, query))

    def refused(self, error, commit, path="/a", **options):
        before = self.apps()
        performed = self.perform(CREATE_PREVIEW, CreatePreview(path, commit, **options))
        refusal = self.failureResultOf(performed, error).value
        self.assertEqual(self.apps(), before)
        return refusal.message

    def addresses(self):
        return sorted(str(app) for app in self.apps())


class CreateTests(PreviewCase):
    def test_commit(self):
        """A preview serves its commit, whatever the app does; any number of them may be."""
        first, second = self.put_commit("two"), self.put_commit("three")
        made = self.preview(first)
        self.assertEqual(str(made.app_path_domain), f"/a_cl_preview_{first}")
        self.assertEqual(made.http_url, f"http://localhost/a_cl_preview_{first}")
        self.assertTrue(made.success)
        self.preview(second[:12])
        self.reloaded(promote=True)
        self.assertEqual(self.answer(f"/a_cl_preview_{first}"), "two")
        self.assertEqual(self.answer(f"/a_cl_preview_{second[:12]}"), "three")
        self.assertEqual(self.answer(), "three")

    def test_branch(self):
        """A branch gives its name, with what a path cannot have replaced."""
        self.put_commit("side", branch="fix/it now")
        made = self.preview("fix/it now", is_branch=True)
        self.assertEqual(str(made.app_path_domain), "/a_cl_preview_fix-it-now")
        self.assertEqual(self.answer("/a_cl_preview_fix-it-now"), "side")

    def test_root(self):
        """An app at the root has previews too, and its other paths are its own."""
        self.create("other.example:/", GIT)
        commit = self.put_commit("two")
        self.preview(commit, "other.example:/")
        found = self.house.installed.find("other.example", f"/_cl_preview_{commit}/x")
        self.assertEqual(str(found), f"other.example:/_cl_preview_{commit}")
        self.assertIsNone(self.house.installed.find("other.example", "/_cl_preview_none"))

    def test_dry(self):
        """A dry run creates nothing."""
        before = self.apps()
        self.assertTrue(self.preview(self.put_commit("two"), dry_run=True).success)
        self.assertEqual(self.apps(), before)

    def test_asks_for_more(self):
        """What was approved for the app is enough; for more nothing is created without approval."""
        commit = self.put_commit("two", RUNS)
        made = self.preview(commit)
        self.assertFalse(made.success)
        self.assertTrue(made.approve_result.needs_approval)
        self.assertEqual(self.addresses(), ["/a", "/a_cl_stage"])
        self.assertTrue(self.preview(commit, approve=True).success)
        self.assertEqual(self.answer(f"/a_cl_preview_{commit}"), "two")

    def test_refused(self):
        """Only production apps from git have previews, and one of a revision."""
        commit = self.put_commit("two")
        self.preview(commit)
        self.assertIn("already exists", self.refused(AppExists, commit))
        self.assertIn("there is no nope", self.refused(SourceError, "nope", is_branch=True))
        self.create("/folder")
        self.assertIn("git source", self.refused(BadRequest, commit, "/folder"))
        self.create("/dev", is_dev=True)
        self.assertIn("no production app", self.refused(BadRequest, commit, "/dev"))
        self.assertIn("no production app", self.refused(BadRequest, commit, "/a_cl_stage"))
        self.refused(NoSuchApp, commit, "/x")
        self.refused(BadRequest, "")
        for seconds in ("0", "-1", "x", "1.5", "9" * 12, "9" * 5000):
            told = self.refused(BadRequest, "c", expires_secs=seconds)
            self.assertIn("a preview lasts from a second to 3660 days, not", told)


class LifeTests(PreviewCase):
    def setUp(self):
        super().setUp()
        self.commit = self.put_commit("two")
        self.path = f"/a_cl_preview_{self.commit}"

    def listed(self, glob="all"):
        found = self.successResultOf(self.perform(LIST_PREVIEWS, ListPreviews(glob))).previews
        return [(str(each.app_path_domain), str(each.main_app_path)) for each in found]

    def test_listed(self):
        """Previews are listed with their app and commit."""
        self.preview(self.commit)
        self.assertEqual(self.listed(), [(self.path, "/a")])
        self.assertEqual(self.listed("/b*"), [])
        self.assertEqual(self.listed("/a"), [(self.path, "/a")])
        asked = self.perform(LIST_PREVIEWS, ListPreviews("/nowhere"))
        self.assertIn("/nowhere", self.failureResultOf(asked, NoSuchApp).value.message)

    def test_deleted(self):
        """A preview is deleted by its revision, or with its app."""
        self.preview(self.commit)
        query = DeletePreview("/a", self.commit)
        self.successResultOf(self.perform(DELETE_PREVIEW, replace(query, dry_run=True)))
        self.assertIn(self.path, self.addresses())
        self.successResultOf(self.perform(DELETE_PREVIEW, query))
        self.assertEqual(self.addresses(), ["/a", "/a_cl_stage"])
        refused = self.failureResultOf(self.perform(DELETE_PREVIEW, query), NoSuchApp).value
        self.assertEqual(refused.message, f"app /a has no preview of {self.commit}")
        self.preview(self.commit)
        self.successResultOf(self.perform(DELETE_APPS, DeleteApps("/a")))
        self.assertEqual(self.addresses(), [])

    def test_staging_stays_known(self):
        """When a preview goes, the app keeps its staging app."""
        self.preview(self.commit)
        self.successResultOf(self.perform(DELETE_PREVIEW, DeletePreview("/a", self.commit)))
        main = self.house.installed.find("localhost", "/a")
        self.assertEqual(str(self.house.installed.staging_of(main)), "/a_cl_stage")

    def test_settings(self):
        """Settings of the app hold for its previews, which keep their own end."""
        self.preview(self.commit, expires_secs="60")
        change = SettingsChange(preview_write_access=2)
        self.successResultOf(self.perform(UPDATE_SETTINGS, UpdateSettings("/a", body=change)))
        app = next(app for app in self.apps() if str(app) == self.path)
        self.assertFalse(app.settings.preview_write_access)
        self.assertIsNotNone(app.settings.expire_time)

    def test_expires(self):
        """A preview is gone within a minute of its end, which the audit log tells."""
        house = self.house
        rooms = OperationRooms(
            house.store, house.sources, Specs(), house.runtime, house.installed, house.data
        )
        expiry = PreviewExpiry(rooms, house.clock, maker_into(house.audit, house.clock.seconds))
        expiry.startService()
        self.addCleanup(expiry.stopService)
        made = self.preview(self.commit, expires_secs="90")
        self.assertEqual(made.expire_time.timestamp() - house.clock.seconds(), 90)
        house.clock.advance(60)
        self.assertIn(self.path, self.addresses())
        house.clock.advance(60)
        self.assertEqual(self.addresses(), ["/a", "/a_cl_stage"])
        self.assertEqual(house.audit.events[-1].operation, "expire_preview")

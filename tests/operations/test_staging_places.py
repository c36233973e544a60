"""Staging apps on hosts of their own: where they are, whose rights hold there, how it is told."""

from msgspec.structs import replace
from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.apps import DELETE_APPS, LIST_APPS, DeleteApps, ListApps
from clace.admin_api.declarations import APPLY_FILES, EXPORT_APPS, ApplyFiles, ExportApps
from clace.admin_api.settings import UPDATE_SETTINGS, SettingsChange, UpdateSettings
from clace.errors import AppExists, BadRequest, InvalidPath
from clace.model.paths import AppPath
from clace.model.traffic import AppRequest
from clace.operations.staging_places import StagingPlaces
from tests.operations.house import app_star
from tests.operations.test_administration import HouseCase
from tests.support.administration_contract import NONE


class PlaceTests(SynchronousTestCase):
    def test_addresses(self):
        """Beside the app, on a host below its domain, or on a host that is named."""
        app, home = AppPath("/a", "example.com"), AppPath("/", "")
        for stage_at, main, expected in (
            ("", app, "example.com:/a_cl_stage"),
            ("path", app, "example.com:/a_cl_stage"),
            ("domain", app, "stage.example.com:/a"),
            ("domain", home, "stage.localhost:/"),
            ("test.example.org", app, "test.example.org:/a"),
            ("test.", app, "test.localhost:/a"),
        ):
            places = StagingPlaces()
            self.assertEqual(str(places.of(main, stage_at)), expected)
            default = replace(places, stage_at=stage_at or "path")
            self.assertEqual(str(default.of(main)), expected)
            told = places.told(main, places.of(main, stage_at))
            self.assertEqual(places.of(main, told), places.of(main, stage_at))

    def test_refused(self):
        """A staging app is never on the host of its app, and a host has a name."""
        app = AppPath("/a", "example.com")
        for stage_at in ("example.com", "EXAMPLE.com", "localhost"):
            self.assertRaises(BadRequest, StagingPlaces().of, app, stage_at)
        for stage_at in ("a b", "a/b", "-x", "a:b"):
            self.assertRaises(InvalidPath, StagingPlaces().of, app, stage_at)


class StagingTests(HouseCase):
    def setUp(self):
        super().setUp()
        self.house.sources.put_folder("/src", {"app.star": app_star(NONE, "one")})

    def perform(self, operation, query):
        return self.successResultOf(self.house.administration.perform(operation, query))

    def addresses(self):
        return sorted(str(app) for app in self.apps())

    def answered(self, host, path):
        app = self.house.installed.find(host, path)
        request = AppRequest(method="GET", path="/", host=host)
        return self.successResultOf(self.house.runtime.respond(app, request)).body.decode()

    def test_serves_there(self):
        """The staging app answers at the path of its app, on the other host; both go together."""
        self.create("/a", stage_at="domain")
        self.assertEqual(self.addresses(), ["/a", "stage.localhost:/a"])
        self.house.sources.put_folder("/src", {"app.star": app_star(NONE, "two")})
        self.reloaded("/a")
        self.assertEqual(self.answered("stage.localhost", "/a"), "two")
        self.assertEqual(self.answered("localhost", "/a"), "one")
        self.perform(DELETE_APPS, DeleteApps("/a"))
        self.assertEqual(self.apps(), ())

    def test_rights_are_those_of_the_app(self):
        """Whoever may do something with an app may do it with its staging app, wherever it is."""
        self.create("x.example.com:/a", stage_at="test.example.org")
        staging = next(app for app in self.apps() if app.main_app)
        self.assertEqual(str(staging.main_address), "x.example.com:/a")
        change = SettingsChange(authn_type="none")
        self.perform(UPDATE_SETTINGS, UpdateSettings("all", body=change))
        staging = next(app for app in self.apps() if app.main_app)
        self.assertEqual(str(staging.main_address), "x.example.com:/a")
        listed = self.perform(LIST_APPS, ListApps("all")).apps
        self.assertEqual([str(app) for app in listed], ["x.example.com:/a"])

    def test_taken(self):
        """A place that another app has, or where people sign in, is refused; nothing is created."""
        self.create("stage.localhost:/a")
        self.failureResultOf(self.house.create("/a", "/src", stage_at="domain"), AppExists)
        refused = self.house.create("/b", "/src", stage_at="auth.localhost")
        self.failureResultOf(refused, BadRequest)
        refused = self.house.create("/b", "/src", stage_at="domain", is_dev=True)
        self.failureResultOf(refused, BadRequest)
        self.assertEqual(len(self.apps()), 2)

    def test_declared(self):
        """A file says where; an export tells it, and it cannot be changed later."""
        text = (
            b'app("/a", "/src", stage_at="domain")\napp("/b", "/src", stage_at="t.example.org")\n'
        )
        self.house.sources.put_folder("/ops", {"apps.ace": text})
        self.perform(APPLY_FILES, ApplyFiles("/ops/apps.ace"))
        exported = self.perform(EXPORT_APPS, ExportApps()).config
        self.assertIn('    stage_at="domain")\n', exported)
        self.assertIn('    stage_at="t.example.org")\n', exported)
        self.perform(APPLY_FILES, ApplyFiles("/ops/apps.ace"))
        self.house.sources.put_folder("/ops", {"apps.ace": b'app("/a", "/src", stage_at="path")'})
        asked = self.house.administration.perform(APPLY_FILES, ApplyFiles("/ops/apps.ace"))
        told = self.failureResultOf(asked, BadRequest).value.message
        self.assertEqual(told, "app /a already exists with its staging app at stage.localhost:/a")

"""Sites whose files are served from their folder."""

from hashlib import sha256

from clace.admin_api.history import VERIFY_FILE, VerifyFile
from clace.admin_api.settings import UPDATE_METADATA, MetadataChange, UpdateMetadata
from clace.errors import BadRequest, NoSuchFile, NoSuchRoute
from clace.model.traffic import AppRequest
from tests.operations.test_administration import HouseCase

SITE = b'app = ace.app("Site", static_only = True)'
ON_DISK = {"static_from_disk": "true"}


class OnDiskTests(HouseCase):
    def setUp(self):
        super().setUp()
        self.put_site(SITE, b"one")

    def put_site(self, star, page):
        files = {"app.star": star, "index.html": page, "more.html": b"more"}
        self.house.sources.put_folder("/site", files)

    def install(self, **fields):
        return self.house.create("/site", "/site", **fields)

    def configure(self, path, entry):
        request = MetadataChange(config_type="app_config", config_entries=(entry,))
        query = UpdateMetadata(path, body=request, promote=True)
        return self.house.administration.perform(UPDATE_METADATA, query)

    def stored(self):
        app = self.house.installed.find("localhost", "/site")
        return list(self.successResultOf(self.house.store.files(app.id, app.version)).refs)

    def test_serves_what_the_folder_has_now(self):
        """Only the program is a part of a version; pages are those of the folder."""
        self.successResultOf(self.install(appconfig=ON_DISK))
        self.assertEqual(self.stored(), ["app.star"])
        self.assertEqual(self.answer("/site"), "one")
        self.put_site(SITE, b"two")
        self.assertEqual(self.answer("/site"), "two")
        self.assertEqual(self.answer("/site_cl_stage"), "two")

    def test_stays_there(self):
        """A reload and a promotion bring the program, and the pages stay where they are."""
        self.successResultOf(self.install(appconfig=ON_DISK))
        self.put_site(SITE + b" # again", b"two")
        self.reloaded("/site", promote=True)
        self.assertEqual(self.stored(), ["app.star"])
        self.assertEqual(self.answer("/site"), "two")

    def test_others_are_stored(self):
        """Without the setting a site is what it was when it was installed."""
        self.successResultOf(self.install())
        self.put_site(SITE, b"two")
        self.assertEqual(self.answer("/site"), "one")
        self.assertEqual(self.stored(), ["app.star", "index.html", "more.html"])

    def test_refuses_apps_that_are_no_sites(self):
        """Templates have to be those of a version."""
        self.put_site(b'app = ace.app("A", routes = [ace.api("/")])', b"")
        failure = self.failureResultOf(self.install(appconfig=ON_DISK), BadRequest)
        self.assertIn("static_from_disk (spec static_disk) is for sites", failure.getErrorMessage())

    def verified(self, name, content):
        query = VerifyFile("/site", sha256(content).hexdigest(), name)
        return self.house.administration.perform(VERIFY_FILE, query)

    def test_verifies_only_what_is_served(self):
        """Of a file that lies in the folder but is not served nothing is told, not even that."""
        files = {"app.star": SITE, "index.html": b"one", ".env": b"PASSWORD=x"}
        self.house.sources.put_folder("/site", files)
        self.successResultOf(self.install(appconfig=ON_DISK))
        found = self.successResultOf(self.verified("index.html", b"one"))
        self.assertEqual(found.files[0].paths, ("/site/index.html", "/site/"))
        for name, content in ((".env", b"PASSWORD=x"), (".env", b"guess"), (".not", b"")):
            failure = self.failureResultOf(self.verified(name, content), NoSuchFile)
            self.assertEqual(failure.getErrorMessage(), f"/site serves no file {name}")

    def test_is_decided_at_creation(self):
        """The setting can be neither given nor taken later: versions would have too few files."""
        self.successResultOf(self.install(appconfig=ON_DISK))
        self.successResultOf(self.house.create("/stored", "/site"))
        for path, value in (("/site", "false"), ("/site", "-"), ("/stored", "true")):
            refused = self.configure(path, f"static_from_disk={value}")
            failure = self.failureResultOf(refused, BadRequest)
            self.assertIn("decided when an app is created", failure.getErrorMessage())
        self.successResultOf(self.configure("/site", "cors.max_age=5"))
        self.assertEqual(self.answer("/site"), "one")

    def test_spec(self):
        """The spec static_disk is the setting: pages are those of the folder, now and later."""
        self.house.sources.put_folder("/site", {"index.html": b"one", "more.html": b"more"})
        self.successResultOf(self.install(spec="static_disk"))
        self.assertEqual(self.stored(), ["app.star", "params.star"])
        self.house.sources.put_folder("/site", {"index.html": b"two", "more.html": b"more"})
        self.assertEqual(self.answer("/site"), "two")
        self.reloaded("/site", promote=True)
        self.assertEqual(self.stored(), ["app.star", "params.star"])
        change = UpdateMetadata("/site", body=MetadataChange(spec="static"), promote=True)
        refused = self.house.administration.perform(UPDATE_METADATA, change)
        failure = self.failureResultOf(refused, BadRequest)
        self.assertIn("decided when an app is created", failure.getErrorMessage())

    def test_spec_of_one_page(self):
        """With single_file the page at the address is all that is shown of the folder."""
        self.house.sources.put_folder("/site", {"a.html": b"one", "more.html": b"more"})
        params = {"index": "a.html", "single_file": "true"}
        self.successResultOf(self.install(spec="static_disk", param_values=params))
        self.assertEqual(self.answer("/site"), "one")
        app = self.house.installed.find("localhost", "/site")
        request = AppRequest(method="GET", path="/more.html", host="localhost")
        self.failureResultOf(self.house.runtime.respond(app, request), NoSuchRoute)

    def test_without_a_program(self):
        """A folder of pages alone is a site, stored or on the disk, and is told to be."""
        self.house.sources.put_folder("/site", {"index.html": b"one", "a.css": b""})
        for path, config in (("/disk", ON_DISK), ("/stored", {})):
            created = self.successResultOf(self.house.create(path, "/site", appconfig=config))
            self.assertEqual(created.spec, "static")
            self.assertEqual(self.answer(path), "one")
        self.house.sources.put_folder("/site", {"index.html": b"two"})
        self.reloaded("all", promote=True)
        self.assertEqual((self.answer("/disk"), self.answer("/stored")), ("two", "two"))

    def test_one_page(self):
        """A page that is a source by itself is the app, whatever it is called."""
        self.house.sources.put_folder("/report", {"report.html": b"report"})
        created = self.successResultOf(self.house.create("/report", "/report"))
        self.assertEqual(created.spec, "static")
        self.assertEqual(self.answer("/report"), "report")

"""Apps without an ``app.star``: the spec that filled in their files, and who named it."""

from clace.admin_api.apps import DELETE_APPS, LIST_APPS, SHOW_APP, DeleteApps, ListApps, OneApp
from clace.admin_api.previews import CREATE_PREVIEW, CreatePreview
from clace.admin_api.settings import UPDATE_METADATA, MetadataChange, UpdateMetadata
from tests.operations.test_administration import GIT, HouseCase

PAGES = {"index.html": b"one", "more.html": b"more"}
RECOGNISED, NAMED = ("static", True), ("static_single", False)


class SpecTests(HouseCase):
    def setUp(self):
        super().setUp()
        self.house.sources.put_folder("/site", PAGES)

    def perform(self, operation, query):
        return self.successResultOf(self.house.administration.perform(operation, query))

    def shown(self, path="/site"):
        """What is told of the spec of each version."""
        versions = self.perform(SHOW_APP, OneApp(path)).versions
        return [(version.spec, version.spec_recognised) for version in versions]

    def name(self, spec, path="/site"):
        change = MetadataChange(spec=spec)
        self.perform(UPDATE_METADATA, UpdateMetadata(path, body=change, promote=True))

    def test_recognised(self):
        """A spec that the files told is shown as such, before and after a reload."""
        self.create("/site", "/site")
        self.assertEqual(self.shown(), [RECOGNISED, RECOGNISED])
        self.house.sources.put_folder("/site", {"index.html": b"two"})
        self.reloaded("/site", promote=True)
        self.assertEqual(self.shown(), [RECOGNISED, RECOGNISED])
        (listed,) = self.perform(LIST_APPS, ListApps("/site")).apps
        self.assertEqual((listed.metadata.spec, listed.metadata.recognised_spec), ("", "static"))

    def test_named(self):
        """One that an operator names takes its place, and with - the files tell it again."""
        self.create("/site", "/site")
        self.name("static_single")
        self.assertEqual(self.shown(), [NAMED, NAMED])
        self.reloaded("/site", promote=True)
        self.assertEqual(self.shown(), [NAMED, NAMED])
        self.name("-")
        self.assertEqual(self.shown(), [RECOGNISED, RECOGNISED])

    def test_another_change(self):
        """A change of something else leaves what was recognised."""
        self.create("/site", "/site")
        change = MetadataChange(config_type="app_config", config_entries=("cors.max_age=5",))
        self.perform(UPDATE_METADATA, UpdateMetadata("/site", body=change, promote=True))
        self.assertEqual(self.shown(), [RECOGNISED, RECOGNISED])

    def test_own_program(self):
        """An app.star of the source's own is of no spec, also if it comes later."""
        self.create("/site", "/site")
        star = b'app = ace.app("Site", static_only = True)'
        self.house.sources.put_folder("/site", {**PAGES, "app.star": star})
        self.reloaded("/site", promote=True)
        self.assertEqual(self.shown(), [("", False), ("", False)])

    def test_dev(self):
        """A dev app keeps what was recognised when it was made, and says so."""
        self.create("/site", "/site", is_dev=True)
        self.assertEqual(self.shown(), [RECOGNISED])
        self.reloaded("/site")
        self.assertEqual(self.shown(), [RECOGNISED])
        self.name("static_single")
        self.assertEqual(self.shown(), [NAMED])

    def test_secrets(self):
        """What params may name of secrets is asked for, and approved with the app."""
        self.house.sources.put_folder(
            "/sales", {"a.py": b"from flask import Flask\napp = Flask(0)"}
        )
        created = self.create("/sales", "/sales", param_values={"secrets": '[["from:db", "key"]]'})
        asked = created.approve_results[0].new_permissions
        (config,) = [one for one in asked if one.plugin == "process.in"]
        self.assertEqual(config.secrets, (("from:db", "key"),))

    def test_deleted(self):
        """The answer to a deletion tells the spec too."""
        self.create("/site", "/site")
        (gone,) = self.perform(DELETE_APPS, DeleteApps("/site")).app_info
        self.assertEqual(gone.spec, "static")

    def test_preview(self):
        """A preview of a commit without an app.star is filled in as its app is."""
        self.house.sources.put_commit(GIT, PAGES)
        self.create("/git", GIT)
        commit = self.house.sources.put_commit(GIT, {**PAGES, "index.html": b"three"})
        made = self.perform(CREATE_PREVIEW, CreatePreview("/git", commit))
        path = str(made.app_path_domain)
        self.assertEqual((self.answer(path), self.shown(path)), ("three", [RECOGNISED]))

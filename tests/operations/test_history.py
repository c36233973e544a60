"""Stored versions: listed, read, compared, gone back to, and stripped of approvals."""

from msgspec.structs import replace

from clace.admin_api.history import (
    COMPARE_VERSIONS,
    LIST_FILES,
    LIST_VERSIONS,
    READ_FILE,
    REVOKE_APPROVALS,
    SWITCH_VERSION,
    CompareVersions,
    ListFiles,
    ListVersions,
    ReadFile,
    RevokeApprovals,
    SwitchVersion,
)
from clace.admin_api.settings import (
    UPDATE_METADATA,
    UPDATE_PARAMS,
    MetadataChange,
    UpdateMetadata,
    UpdateParam,
)
from clace.admin_api.versions import PROMOTE_APPS, PromoteApps
from clace.errors import (
    AppBroken,
    BadRequest,
    NeedsApproval,
    NoSuchApp,
    NoSuchFile,
    NoSuchVersion,
)
from clace.interfaces import AddVersion
from clace.sources.tree import SourceTree
from tests.operations.house import app_star
from tests.operations.test_administration import HouseCase
from tests.support.administration_contract import NONE, RUNS


class HistoryCase(HouseCase):
    def perform(self, operation, query):
        return self.successResultOf(self.house.administration.perform(operation, query))

    def refused(self, error, operation, query):
        performed = self.house.administration.perform(operation, query)
        return self.failureResultOf(performed, error).value

    def three(self, **options):
        """An app with three versions, of which production is the third."""
        self.create(**options)
        for text in ("two", "three"):
            self.put(text)
            self.reloaded(promote=True)

    def switched(self, version, path="/a", **options):
        done = self.perform(SWITCH_VERSION, SwitchVersion(path, version, **options))
        return done.from_version, done.to_version

    def versions(self, path="/a"):
        found = self.perform(LIST_VERSIONS, ListVersions(path)).versions
        return [(one.version, one.previous_version, one.active) for one in found]


class ListTests(HistoryCase):
    def test_versions(self):
        """Each has its number, the one before it, and whether it is served."""
        self.three()
        self.assertEqual(self.versions(), [(1, 0, False), (2, 1, False), (3, 2, True)])
        self.assertEqual(self.versions("/a_cl_stage"), self.versions())

    def test_files(self):
        """The files of the current version, or of another; one can be read."""
        self.three()
        (ref,) = self.perform(LIST_FILES, ListFiles("/a")).files
        (old,) = self.perform(LIST_FILES, ListFiles("/a", "1")).files
        self.assertEqual((ref.name, old.name), ("app.star", "app.star"))
        self.assertNotEqual(ref.sha256, old.sha256)
        read = self.perform(READ_FILE, ReadFile("/a", "app.star", "previous"))
        self.assertEqual((read.version, b'"two"' in read.content), (2, True))
        self.assertIn(b'"three"', self.perform(READ_FILE, ReadFile("/a", "app.star")).content)

    def test_nothing_there(self):
        """An app, a version or a file that is not there is refused by its name."""
        self.create()
        self.assertIn("/x", str(self.refused(NoSuchApp, LIST_VERSIONS, ListVersions("/x"))))
        refused = self.refused(NoSuchVersion, LIST_FILES, ListFiles("/a", "9"))
        self.assertEqual(refused.message, "app /a has no version 9")
        refused = self.refused(NoSuchFile, READ_FILE, ReadFile("/a", "x.html"))
        self.assertEqual(refused.message, "version 1 of /a has no file x.html")

    def test_dev(self):
        """A dev app has no versions."""
        self.create(is_dev=True)
        for operation, query in (
            (LIST_VERSIONS, ListVersions("/a")),
            (LIST_FILES, ListFiles("/a")),
            (SWITCH_VERSION, SwitchVersion("/a", "1")),
            (COMPARE_VERSIONS, CompareVersions("/a")),
        ):
            refused = self.refused(BadRequest, operation, query)
            self.assertEqual(refused.message, "version commands not supported for dev app")


class SwitchTests(HistoryCase):
    def test_words(self):
        """By number, to the one before or after, and back to what it was before."""
        self.three()
        self.assertEqual(self.switched("1"), (3, 1))
        self.assertEqual(self.answer(), "one")
        self.assertEqual(self.switched("next"), (1, 2))
        self.assertEqual(self.switched("previous"), (2, 1))
        self.assertEqual(self.switched("3"), (1, 3))
        self.assertEqual(self.switched("revert"), (3, 2))
        self.assertEqual(self.answer(), "two")

    def test_staging_alone(self):
        """Production and staging are switched by themselves."""
        self.three()
        self.assertEqual(self.switched("1", "/a_cl_stage"), (3, 1))
        self.assertEqual((self.answer("/a_cl_stage"), self.answer()), ("one", "three"))

    def test_promoted_again(self):
        """A promotion brings back the version that production went back from."""
        self.three()
        self.switched("1")
        done = self.perform(PROMOTE_APPS, PromoteApps("/a"))
        self.assertEqual([str(path) for path in done.promote_results], ["/a"])
        self.assertEqual(self.answer(), "three")
        self.assertEqual([one[0] for one in self.versions()], [1, 2, 3])

    def test_refused(self):
        """Where no version is meant, the refusal says so, and nothing changes."""
        self.create()
        for word, message in (
            ("previous", "no previous version found"),
            ("next", "no next version found"),
            ("revert", "no version found to revert to"),
            ("7", "app /a has no version 7"),
            ("9" * 30, f"app /a has no version {'9' * 30}"),
            ("9" * 5000, f"app /a has no version {'9' * 40}"),
        ):
            refused = self.refused(NoSuchVersion, SWITCH_VERSION, SwitchVersion("/a", word))
            self.assertEqual(refused.message, message)
        for word in ("-1", "one", "", "\u0663", "1.0"):
            refused = self.refused(BadRequest, SWITCH_VERSION, SwitchVersion("/a", word))
            self.assertIn("expected a number, previous, next or revert", refused.message)
        self.assertEqual(self.answer(), "one")

    def test_dry(self):
        """A dry run tells what would be, and the app stays."""
        self.three()
        self.assertEqual(self.switched("1", dry_run=True), (3, 1))
        self.assertEqual((self.answer(), self.versions()[2]), ("three", (3, 2, True)))

    def test_more_approvals(self):
        """A version that was allowed more needs an approval, which the refusal lists."""
        self.put("one", RUNS)
        self.create(approve=True)
        self.put("two", NONE)
        self.reloaded(promote=True)
        refused = self.refused(NeedsApproval, SWITCH_VERSION, SwitchVersion("/a", "revert"))
        self.assertIn("plugin exec.in", refused.message)
        self.assertIn("exec.in.run [ls -l]", refused.message)
        self.assertIn("clace version revert --approve /a", refused.message)
        refused = self.refused(NeedsApproval, SWITCH_VERSION, SwitchVersion("/a", "1"))
        self.assertIn("clace version switch --approve 1 /a", refused.message)
        self.assertEqual(self.answer(), "two")
        self.assertEqual(self.switched("1", approve=True), (2, 1))
        self.assertEqual(self.answer(), "one")

    def test_broken(self):
        """A version that does not load any more is refused, and the app stays."""
        self.three()
        production = next(app for app in self.apps() if str(app) == "/a")
        number = replace(production.metadata.version_metadata, version=9)
        broken = replace(production.metadata, version_metadata=number)
        added = AddVersion(production.id, broken, SourceTree({"app.star": b"app = ("}))
        self.successResultOf(self.house.store.commit((added,)))
        self.refused(AppBroken, SWITCH_VERSION, SwitchVersion("/a", "9"))
        self.assertEqual(self.answer(), "three")


class CompareTests(HistoryCase):
    def compared(self, *versions):
        return self.perform(COMPARE_VERSIONS, CompareVersions("/a", *versions))

    def test_everything(self):
        """Files, approvals and values that were added, removed or changed."""
        params = b'param("size", default = "1")\nparam("api_key", default = "")\n'
        files = {"app.star": app_star(NONE, "one"), "params.star": params, "old.txt": b"old"}
        self.house.sources.put_folder("/src", files)
        self.create()
        self.perform(UPDATE_PARAMS, UpdateParam("/a", param_name="size", param_value="2"))
        self.perform(UPDATE_PARAMS, UpdateParam("/a", param_name="api_key", param_value="x"))
        found = self.compared("1", "3")
        self.assertEqual((found.old, found.new, found.files), (1, 3, ()))
        values = {one.name: (one.old, one.new, one.hidden) for one in found.values}
        self.assertEqual(values, {"size": (None, "2", False), "api_key": (None, None, True)})
        new = {"app.star": app_star(RUNS, "two"), "params.star": params, "new.txt": b"n"}
        self.house.sources.put_folder("/src", new)
        self.reloaded(approve=True)
        found = self.compared("3", "4")
        sizes = {one.name: (one.old_size, one.new_size) for one in found.files}
        self.assertEqual(set(sizes), {"app.star", "old.txt", "new.txt"})
        self.assertEqual((sizes["old.txt"], sizes["new.txt"]), ((3, -1), (-1, 1)))
        self.assertEqual((found.added_loads, found.removed_loads), (("exec.in",), ()))
        self.assertEqual(found.added_permissions, RUNS.permissions)
        back = self.compared("4", "3")
        self.assertEqual((back.removed_permissions, back.added_permissions), (RUNS.permissions, ()))

    def test_config_is_no_secret(self):
        """Config is shown, whatever its keys are called: an app that takes tokens says so."""
        self.create(appconfig={"security.api_tokens": "false"})
        entries = ("security.api_tokens=true", "cors.allow_credentials=true")
        change = MetadataChange(config_type="app_config", config_entries=entries)
        self.perform(UPDATE_METADATA, UpdateMetadata("/a", body=change))
        values = {one.name: (one.old, one.new, one.hidden) for one in self.compared().values}
        self.assertEqual(
            values,
            {
                "security.api_tokens": ("false", "true", False),
                "cors.allow_credentials": (None, "true", False),
            },
        )

    def test_without_numbers(self):
        """What a promotion would bring; if nothing waits for one, what the last one brought."""
        self.create()
        self.assertEqual(
            self.refused(NoSuchVersion, COMPARE_VERSIONS, CompareVersions("/a")).message,
            "no previous version found",
        )
        self.put("two")
        self.reloaded()
        found = self.compared()
        self.assertEqual((found.old, found.new, len(found.files)), (1, 2, 1))
        self.perform(PROMOTE_APPS, PromoteApps("/a"))
        self.assertEqual(self.compared(), found)


class RevokeTests(HistoryCase):
    def revoked(self, what, glob="/a", **options):
        done = self.perform(REVOKE_APPROVALS, RevokeApprovals(glob, revoked=what, **options))
        return [str(path) for path in done.revoke_results]

    def approvals(self):
        """The number of approvals of each stored version."""
        found = self.perform(LIST_VERSIONS, ListVersions("/a")).versions
        return [len(one.metadata.loads) + len(one.metadata.permissions) for one in found]

    def test_every_version(self):
        """No version has it any more: going back does not bring it back."""
        self.put("one", RUNS)
        self.create(approve=True)
        self.put("two", RUNS)
        self.reloaded(promote=True)
        self.assertEqual(self.approvals(), [2, 2])
        self.assertEqual(self.revoked("exec.in", dry_run=True), ["/a", "/a_cl_stage"])
        self.assertEqual(self.approvals(), [2, 2])
        self.assertEqual(self.revoked("exec.in.run"), ["/a", "/a_cl_stage"])
        self.assertEqual(self.approvals(), [1, 1])
        self.assertEqual(self.revoked("exec.in", "all"), ["/a", "/a_cl_stage"])
        self.assertEqual(self.approvals(), [0, 0])
        for app in self.apps():
            self.assertFalse(app.metadata.approved)
        self.assertEqual(self.revoked("exec.in", "all"), [])

    def test_nothing_to_revoke(self):
        """Of one app, an approval that it does not have is refused."""
        self.create()
        query = RevokeApprovals("/a", revoked="exec.in")
        refused = self.refused(BadRequest, REVOKE_APPROVALS, query)
        self.assertEqual(refused.message, "app /a has no approval of exec.in")
        self.refused(BadRequest, REVOKE_APPROVALS, RevokeApprovals("/a"))


class RetentionTests(HistoryCase):
    def test_old_versions_go(self):
        """After a reload so many older versions are kept as are configured."""
        self.create()
        self.house.keep = 2
        for number in range(2, 7):
            self.put(str(number))
            self.reloaded(promote=True)
        self.assertEqual([one[0] for one in self.versions()], [4, 5, 6])
        self.assertEqual([one[0] for one in self.versions("/a_cl_stage")], [4, 5, 6])
        self.assertEqual(self.answer(), "6")

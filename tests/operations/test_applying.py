"""Declarations applied: created, merged, reloaded, promoted; all or nothing."""

from clace.admin_api.changes import Difference
from clace.admin_api.declarations import APPLY_FILES, ApplyFiles
from clace.admin_api.settings import UPDATE_PARAMS, UpdateParam
from clace.errors import (
    AppBroken,
    AppExists,
    BadRequest,
    ChangedMeanwhile,
    InvalidPath,
    NeedsApproval,
    NoSuchApp,
    SourceError,
)
from clace.operations.draft import MOST_ASIDE
from tests.operations.house import app_star
from tests.operations.test_administration import GIT, HouseCase
from tests.support.administration_contract import NONE, RUNS

PARAMS = b'param("size", default = "1")\nparam("color", default = "red")\n'


class ApplyCase(HouseCase):
    def setUp(self):
        super().setUp()
        self.source("one")
        self.source("two")

    def source(self, name, demands=NONE, body=""):
        files = {"app.star": app_star(demands, body or name), "params.star": PARAMS}
        self.house.sources.put_folder(f"/src/{name}", files)

    def declare(self, *lines):
        self.house.sources.put_folder("/ops", {"apps.ace": "\n".join(lines).encode()})

    def apply(self, path="/ops/apps.ace", **options):
        query = ApplyFiles(path, **options)
        return self.house.administration.perform(APPLY_FILES, query)

    def applied(self, **options):
        return self.successResultOf(self.apply(**options))

    def refused(self, error, **options):
        before = self.apps()
        refusal = self.failureResultOf(self.apply(**options), error).value
        self.assertEqual(self.apps(), before)
        return refusal.message

    def by_hand(self, name, value, path="/one"):
        query = UpdateParam(path, param_name=name, param_value=value, promote=True)
        self.successResultOf(self.house.administration.perform(UPDATE_PARAMS, query))

    def params(self, path="/one"):
        return next(app for app in self.apps() if str(app) == path).metadata.param_values


class CreateTests(ApplyCase):
    def test_creates(self):
        """Apps that are not there are created, in the order of their paths."""
        self.declare('app("/two", "/src/two")', 'app("/one", "/src/one", params={"size": "5"})')
        done = self.applied()
        paths = [str(each.app_path_domain) for each in done.create_results]
        self.assertEqual(paths, ["/one", "/two"])
        self.assertEqual((self.answer("/one"), self.answer("/two")), ("one", "two"))
        self.assertEqual(self.params(), {"size": "5"})

    def test_dry(self):
        """A dry run tells what would be created, and creates nothing."""
        self.declare('app("/one", "/src/one")')
        self.assertEqual(len(self.applied(dry_run=True).create_results), 1)
        self.assertEqual(self.apps(), ())

    def test_glob(self):
        """Of the declared apps those that match are created; the others are told."""
        self.declare('app("/one", "/src/one")', 'app("/two", "/src/two")')
        done = self.applied(app_path_glob="/o*")
        self.assertEqual([str(each.app_path_domain) for each in done.create_results], ["/one"])
        self.assertEqual([str(path) for path in done.filtered_apps], ["/two"])

    def test_glob_of_nothing(self):
        """A glob that selects none of the declared apps is told, and the address of none refused:
        nothing to do would look like an apply that found everything in place.
        """
        self.declare('app("/one", "/src/one")')
        done = self.applied(app_path_glob="/x*")
        self.assertEqual(done.warnings, ("/ops/apps.ace declares no app that matches /x*",))
        self.assertEqual(self.applied().warnings, ())
        told = self.refused(NoSuchApp, app_path_glob="/x")
        self.assertEqual(told, "/ops/apps.ace declares no app at /x")

    def test_all_or_nothing(self):
        """If one cannot be created, none is."""
        self.declare('app("/one", "/src/one")', 'app("/two", "/src/missing")')
        self.assertIn("/src/missing", self.refused(SourceError))
        self.declare('app("/one", "/src/one")', 'app("/two", "/src/two", params={"x": 1})')
        self.assertIn("has no param x", self.refused(BadRequest))

    def test_names_the_app(self):
        """A refusal names the app of the file that it is about, once."""
        self.declare('app("/one", "/src/one")', 'app("/two", "./missing")')
        self.assertEqual(self.refused(SourceError), "app /two: path does not exist ./missing")
        self.declare('app("/one", "/src/one")', 'app("/two", "/src/two", auth="nome")')
        self.assertTrue(self.refused(BadRequest).startswith("app /two: invalid authentication"))
        self.declare('app("/one", "/src/one")')
        self.applied()
        self.declare('app("/one", "/src/one", auth="nome")')
        self.assertTrue(self.refused(BadRequest).startswith("app /one: invalid authentication"))

    def test_refused(self):
        """Files that say one app twice, an impossible one, or nothing that can be read."""
        self.declare('app("/one", "/src/one")', 'app("/one", "/src/two")')
        self.assertEqual(self.refused(BadRequest), "duplicate app /one defined in file apps.ace")
        self.declare('app("/_clace/x", "/src/one")')
        self.assertIn("reserved", self.refused(InvalidPath))
        self.declare('app("/one", "/src/one", spec="python-flsk")')
        self.assertIn("did you mean python-flask?", self.refused(BadRequest))
        for words, told in (
            ('accounts={"http.in": "mine"}', 'no section [plugin."http.in#mine"]'),
            ('accounts={"htp.in": "work"}', "module htp.in not found"),
            ('accounts={"http.in": "-"}', "leave it out of the file"),
            ("dev=True, preview_write_access=False", "a dev app has no staging app"),
        ):
            self.declare(f'app("/one", "/src/one", {words})')
            self.assertIn(told, self.refused(BadRequest))
        self.declare('app("/one"')
        self.assertIn("apps.ace:1:", self.refused(AppBroken))
        self.assertIn("no matching files", self.refused(SourceError, path="/ops/x*.ace"))
        self.assertIn("invalid reload", self.refused(BadRequest, reload="all"))
        self.assertIn("no branch or commit", self.refused(BadRequest, branch="dev"))

    def test_approval(self):
        """A new app waits for its approval, unless it is given."""
        self.source("one", RUNS)
        self.declare('app("/one", "/src/one")')
        self.assertTrue(self.applied(dry_run=True).create_results[0].approve_results)
        self.applied(approve=True)
        self.assertEqual(self.answer("/one"), "one")


class ManyTests(ApplyCase):
    def test_hosts(self):
        """Of many new apps each is loaded, few stay loaded until all are made, and all serve."""
        count = MOST_ASIDE + 10
        self.declare(f'[app("/%d" % n, "/src/one") for n in range({count})]')
        self.applied(dry_run=True)
        self.assertLessEqual(self.house.runtime.memory.most, MOST_ASIDE + 2)
        before = self.house.runtime.memory.starts
        self.applied()
        self.assertGreaterEqual(self.house.runtime.memory.starts - before, count)
        self.assertEqual({self.answer(f"/{n}") for n in range(count)}, {"one"})
        self.source("one", body="two")
        self.applied(reload="matched", promote=True)
        self.assertEqual({self.answer(f"/{n}") for n in range(count)}, {"two"})
        self.source("one", body="three")
        self.reloaded(promote=True)
        self.assertEqual({self.answer(f"/{n}") for n in range(count)}, {"three"})


class UpdateTests(ApplyCase):
    def setUp(self):
        super().setUp()
        self.declare('app("/one", "/src/one", params={"size": "5"})')
        self.applied()

    def test_nothing_to_do(self):
        """What is as declared already stays, and no version is made."""
        before = self.apps()
        done = self.applied(reload="none")
        self.assertEqual((done.update_results, done.reload_results, done.changes), ((), (), ()))
        self.assertEqual(self.apps(), before)
        self.assertEqual(self.applied(reload="updated").reload_results, ())

    def test_matched(self):
        """By default of the command, sources are fetched again whatever changed."""
        self.source("one", body="new")
        done = self.applied(reload="matched", promote=True)
        self.assertEqual([str(path) for path in done.reload_results], ["/one_cl_stage"])
        self.assertEqual(self.answer("/one"), "new")

    def test_changes_made_by_hand_stay(self):
        """Only what changed in the file is written."""
        self.by_hand("color", "blue")
        self.by_hand("size", "7")
        self.applied()
        self.assertEqual(self.params(), {"size": "7", "color": "blue"})
        self.declare('app("/one", "/src/one", params={"size": "6"})')
        done = self.applied(promote=True)
        self.assertEqual([str(path) for path in done.promote_results], ["/one"])
        self.assertEqual(self.params(), {"size": "6", "color": "blue"})
        self.declare('app("/one", "/src/one")')
        self.applied(promote=True)
        self.assertEqual(self.params(), {"color": "blue"})
        self.applied(promote=True, clobber=True)
        self.assertEqual(self.params(), {})

    def test_settings(self):
        """Settings hold at once, for production and staging."""
        self.declare('app("/one", "/src/one", params={"size": "5"}, auth="none")')
        done = self.applied(reload="none")
        self.assertEqual([str(path) for path in done.update_results], ["/one_cl_stage"])
        self.assertEqual({app.settings.authn_type for app in self.apps()}, {"none"})
        self.declare('app("/one", "/src/one", params={"size": "5"})')
        self.applied()
        self.assertEqual({app.settings.authn_type for app in self.apps()}, {"default"})
        self.declare('app("/one", "/src/one", git_auth="nobody")')
        self.assertIn("[git_auth.nobody]", self.refused(BadRequest))

    def test_another_app(self):
        """The source and kind of an app cannot be changed."""
        self.declare('app("/one", "/src/two")')
        told = "app /one already exists with different source url: /src/one"
        self.assertEqual(self.refused(BadRequest), told)
        self.declare('app("/one", "/src/one", dev=True)')
        told = "app /one already exists with different dev status: false"
        self.assertEqual(self.refused(BadRequest), told)

    def test_an_app_made_by_hand(self):
        """An app that was installed by hand gets what the file says, and keeps the rest."""
        self.successResultOf(self.house.create("/two", "/src/two"))
        self.by_hand("color", "blue", "/two")
        self.declare('app("/two", "/src/two", params={"size": "2"})')
        self.applied(promote=True)
        self.assertEqual(self.params("/two"), {"color": "blue", "size": "2"})
        self.by_hand("size", "9", "/two")
        self.applied(promote=True)
        self.assertEqual(self.params("/two"), {"color": "blue", "size": "9"})

    def test_asks_for_more(self):
        """Sources that ask for more need approval, which the refusal says how to give."""
        self.source("one", RUNS)
        told = self.refused(NeedsApproval, reload="matched")
        self.assertIn("clace apply --approve /ops/apps.ace /one", told)
        done = self.applied(reload="matched", approve=True, promote=True)
        self.assertTrue(done.approve_results[0].needs_approval)

    def test_dry(self):
        """A dry run tells the changes app by app, and makes none."""
        before = self.apps()
        self.declare('app("/one", "/src/one", params={"size": "6"})')
        done = self.applied(dry_run=True)
        self.assertEqual(done.changes[0].changed, ("param size",))
        value = Difference(kind="param", name="size", old="5", new="6")
        self.assertEqual(done.changes[0].values, (value,))
        more = 'accounts={"http.in": "work"}, stage_write_access=False'
        self.declare(f'app("/one", "/src/one", {more})')
        told = {
            (one.kind, one.old, one.new)
            for change in self.applied(dry_run=True).changes
            for one in change.values
        }
        expected = {("account", None, "work"), ("stage_write_access", "true", "false")}
        self.assertLessEqual(expected, told)
        self.assertEqual(self.apps(), before)


class GitTests(ApplyCase):
    def put_commit(self, body, branch="main"):
        files = {"app.star": app_star(NONE, body), "params.star": PARAMS}
        return self.house.sources.put_commit(GIT, files, branch=branch)

    def test_revisions(self):
        """A branch or commit that changed in the file is fetched; one changed by hand stays."""
        first = self.put_commit("one")
        self.put_commit("side", branch="side")
        self.declare(f'app("/git", "{GIT}", git_branch="side")')
        self.applied()
        self.assertEqual(self.answer("/git"), "side")
        self.declare(f'app("/git", "{GIT}")')
        self.applied(promote=True, reload="none")
        self.assertEqual(self.answer("/git"), "one")
        self.put_commit("two")
        self.applied(promote=True, reload="matched")
        self.assertEqual(self.answer("/git"), "two")
        self.assertEqual(len(self.applied(promote=True, reload="matched").skipped_results), 1)
        self.declare(f'app("/git", "{GIT}", git_commit="{first}")')
        self.applied(promote=True)
        self.assertEqual(self.answer("/git"), "one")

    def test_files_from_git(self):
        """The files themselves may come from a repository; their commit is told."""
        text = b'app("/one", "/src/one")\n'
        commit = self.house.sources.put_commit(GIT, {"apps.ace": text, "other.txt": b""})
        done = self.applied(path=f"{GIT}/apps.ace")
        self.assertEqual((done.commit_id, len(done.create_results)), (commit, 1))


class PruneTests(ApplyCase):
    def setUp(self):
        super().setUp()
        self.declare('app("/one", "/src/one")', 'app("/two", "/src/two")')
        self.applied()
        self.successResultOf(self.house.create("/hand", "/src/one"))

    def paths(self):
        return {str(app) for app in self.apps() if not app.main_app}

    def test_deletes_what_the_file_declared(self):
        """Apps that this file no longer declares go, with their twins; others stay."""
        self.house.sources.put_folder("/other", {"b.ace": b'app("/b", "/src/one")'})
        self.applied(path="/other/b.ace")
        self.declare('app("/one", "/src/one")')
        self.assertEqual(self.applied().prune_results, ())
        done = self.applied(prune=True, dry_run=True)
        self.assertEqual([str(path) for path in done.prune_results], ["/two"])
        self.assertEqual(len(self.apps()), 8)
        done = self.applied(prune=True, agreed=done.prune_digest)
        self.assertEqual([str(path) for path in done.prune_results], ["/two"])
        self.assertEqual(self.paths(), {"/one", "/hand", "/b"})
        self.assertEqual(len(self.apps()), 6)
        self.assertIsNone(self.house.installed.find("localhost", "/two"))

    def test_moves_to_the_file_that_declared_it_last(self):
        """An app that another file has taken over is no longer deleted by the first."""
        self.house.sources.put_folder("/other", {"b.ace": b'app("/two", "/src/two")'})
        self.applied(path="/other/b.ace")
        self.declare('app("/one", "/src/one")')
        self.assertEqual(self.applied(prune=True).prune_results, ())

    def test_empty_files(self):
        """With a file that declares nothing, or cannot be read, no app is deleted."""
        self.declare("# app()")
        told = "apps.ace declares no app; with an empty file no app is deleted"
        self.assertEqual(self.refused(BadRequest, prune=True), told)
        self.declare('app("/one"')
        self.refused(AppBroken, prune=True)
        folder = {"apps.ace": b'app("/one", "/src/one")', "more.ace": b""}
        self.house.sources.put_folder("/ops", folder)
        self.assertIn("more.ace declares", self.refused(BadRequest, prune=True, path="/ops/*.ace"))

    def test_only_what_was_agreed_to(self):
        """If the apps to delete have changed since they were shown, none is deleted."""
        self.declare('app("/one", "/src/one")')
        digest = self.applied(prune=True, dry_run=True).prune_digest
        self.declare('app("/two", "/src/two")')
        self.assertIn("look at them", self.refused(ChangedMeanwhile, prune=True, agreed=digest))

    def test_globs(self):
        """Of the apps to delete those of the glob are, also if the file declares none there."""
        self.declare('app("/three", "/src/one")')
        done = self.applied(prune=True, app_path_glob="/two")
        self.assertEqual([str(path) for path in done.prune_results], ["/two"])
        self.assertEqual(self.paths(), {"/one", "/hand"})

    def test_moves_below_or_above(self):
        """An app that moves below or above its address takes the place of the one that goes."""
        for address, before in (("/two/b", "/two"), ("/two", "/two/b")):
            self.declare('app("/one", "/src/one")', f'app("{address}", "/src/two")')
            self.assertIn(f"exists at {before}", self.refused(AppExists))
            done = self.applied(prune=True)
            self.assertEqual([str(path) for path in done.prune_results], [before])
            self.assertEqual(self.paths(), {"/one", "/hand", address})
            self.assertEqual(self.answer(address), "two")

    def test_comes_back_to_its_data(self):
        """A pruned app that is declared again within seven days has its id again; later not."""
        ids = {app.id for app in self.apps() if app.address.production.path == "/two"}
        for seconds, same in ((7 * 86_400, True), (7 * 86_400 + 1, False)):
            self.declare('app("/one", "/src/one")')
            self.applied(prune=True)
            self.house.clock.advance(seconds)
            self.declare('app("/one", "/src/one")', 'app("/two", "/src/two")')
            self.applied()
            found = {app.id for app in self.apps() if app.address.production.path == "/two"}
            self.assertEqual(found == ids, same)
            self.assertEqual(self.answer("/two"), "two")

    def test_branches(self):
        """A file of another branch is another file."""
        text = b'app("/one", "/src/one")\n'
        both = text + b'app("/git", "/src/two")\n'
        self.house.sources.put_commit(GIT, {"apps.ace": both})
        self.house.sources.put_commit(GIT, {"apps.ace": text}, branch="dev")
        self.applied(path=f"{GIT}/apps.ace")
        done = self.applied(path=f"{GIT}/apps.ace", branch="dev", prune=True)
        self.assertEqual(done.prune_results, ())
        self.house.sources.put_commit(GIT, {"apps.ace": text})
        done = self.applied(path=f"{GIT}/apps.ace", branch="dev", prune=True)
        self.assertEqual(done.prune_results, ())
        self.applied(path=f"{GIT}/apps.ace")
        done = self.applied(path=f"{GIT}/apps.ace", prune=True)
        self.assertEqual([str(path) for path in done.prune_results], ["/git"])

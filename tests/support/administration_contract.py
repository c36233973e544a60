"""What every ``IAdministration`` promises, whether it works here or over a wire.

Inherit ``AdministrationContract`` beside ``SynchronousTestCase`` and fill its two hooks; for one
that passes errors on from somewhere else, ``RefusalsContract`` too.
"""

from __future__ import annotations

import functools
from typing import Any

from msgspec import UNSET
from zope.interface import implementer
from zope.interface.verify import verifyObject

from clace import errors
from clace.admin_api.apps import (
    CREATE_APP,
    DELETE_APPS,
    GET_APP,
    LIST_APPS,
    SHOW_APP,
    CreateApp,
    DeleteApps,
    ListApps,
    NewApp,
    OneApp,
)
from clace.admin_api.audit import (
    EXPORT_AUDIT,
    LIST_AUDIT,
    VERIFY_AUDIT,
    ExportAudit,
    ListAudit,
    VerifyAudit,
)
from clace.admin_api.catalogue import OPERATIONS
from clace.admin_api.lockouts import CLEAR_LOCKOUTS, LIST_LOCKOUTS, ClearLockouts
from clace.admin_api.operation import Nothing
from clace.admin_api.secrets import (
    CREATE_SECRET,
    DELETE_SECRET,
    GET_SECRET,
    LIST_SECRETS,
    REKEY_SECRETS,
    REVEAL_SECRET,
    CreateSecret,
    DeleteSecret,
    GetSecret,
    ListSecrets,
    NamedSecret,
    NewSecret,
    RekeySecrets,
)
from clace.admin_api.server import SERVER_STATUS, STOP_SERVER, StopServer
from clace.admin_api.sessions import (
    LIST_SESSIONS,
    REVOKE_SESSIONS,
    ListSessions,
    RevokeSessions,
)
from clace.admin_api.settings import (
    CHANGE_OWNER,
    LINK_ACCOUNT,
    UPDATE_METADATA,
    UPDATE_PARAMS,
    UPDATE_SETTINGS,
    ChangeOwner,
    LinkAccount,
    MetadataChange,
    SettingsChange,
    UpdateMetadata,
    UpdateParam,
    UpdateSettings,
)
from clace.admin_api.users import (
    CHANGE_USER,
    DELETE_USER,
    LIST_USERS,
    RESET_FACTORS,
    ChangeUser,
    NamedUser,
    ResetFactors,
    UserChange,
)
from clace.admin_api.versions import (
    APPROVE_APPS,
    PROMOTE_APPS,
    RELOAD_APPS,
    ApproveApps,
    PromoteApps,
    ReloadApps,
)
from clace.interfaces import IAdministration
from clace.model.app import AccountLink, Demands, Permission
from clace.model.paths import AppPath
from tests.support.queries import example

NONE = Demands()
RUNS = Demands(("exec.in",), (Permission("exec.in", "run", ("ls", "-l"), is_read=True),))
RUNS_PARTS = (RUNS.loads, RUNS.permissions)
FETCHES = Demands(
    ("exec.in", "http.in"),
    (*RUNS.permissions, Permission("http.in", "get", ("https://example.com",), secrets=(("a",),))),
)


HASH = "$2b$04$" + "a" * 53


async def drained(administration, operation, query):
    """All results of an operation that streams."""
    return [one async for some in administration.stream(operation, query) for one in some]


class AdministrationContract:
    """Over an administration that has no apps yet."""

    def make_administration(self) -> Any:
        """An ``IAdministration`` without apps."""
        raise NotImplementedError

    def put_source(self, name: str, demands: Demands) -> str:
        """The URL of a source that from now on asks for ``demands`` and has the params ``size`` and
        ``color``; again for the same name, it changes. Called after ``make_administration``.
        """
        raise NotImplementedError

    def setUp(self):
        super().setUp()
        self.administration = self.make_administration()

    def create(self, path="/disk", demands=NONE, *, approve=False, dry_run=False, **fields):
        source = self.put_source("disk", demands)
        return self.successResultOf(
            self.administration.perform(
                CREATE_APP,
                CreateApp(
                    NewApp(path=path, source_url=source, **fields), approve=approve, dry_run=dry_run
                ),
            )
        )

    def listed(self, glob="all", *, internal=False):
        return self.successResultOf(
            self.administration.perform(LIST_APPS, ListApps(glob, internal=internal))
        ).apps

    def reload(self, **options):
        return self.administration.perform(RELOAD_APPS, ReloadApps("all", **options))

    def approve(self, **options):
        return self.successResultOf(
            self.administration.perform(APPROVE_APPS, ApproveApps("all", **options))
        )

    def staging(self):
        return next(app for app in self.listed(internal=True) if app.main_app)

    def test_is_administration(self):
        """It fills the seam."""
        verifyObject(IAdministration, self.administration)

    def test_creates(self):
        """A new production app is listed, with a staging twin among the internal ones."""
        created = self.create()
        self.assertEqual(created.app_path_domain, AppPath("/disk"))
        self.assertFalse(created.dry_run)
        self.assertEqual([str(app) for app in self.listed()], ["/disk"])
        twins = [str(app) for app in self.listed(internal=True)]
        self.assertEqual(sorted(twins), ["/disk", "/disk_cl_stage"])

    def test_creates_dev_apps(self):
        """A dev app has no twin."""
        self.create(is_dev=True)
        (app,) = self.listed(internal=True)
        self.assertTrue(app.is_dev)
        self.assertEqual(app.id[:8], "app_dev_")

    def test_says_what_needs_approval(self):
        """Creation tells what the app asks for, and whether that is still to be approved."""
        created = self.create(demands=FETCHES)
        for result in created.approve_results:
            self.assertTrue(result.needs_approval)
            self.assertEqual(Demands(result.new_loads, result.new_permissions), FETCHES)
        self.assertEqual(self.listed()[0].metadata.approved, NONE)

    def test_creates_approved(self):
        """With approval, all that the source asks for is approved."""
        self.create(demands=FETCHES, approve=True)
        self.assertEqual(self.listed()[0].metadata.approved, FETCHES)

    def test_creates_dry(self):
        """A dry run tells the same and leaves nothing."""
        created = self.create(demands=RUNS, dry_run=True)
        self.assertTrue(created.dry_run)
        self.assertTrue(created.approve_results[0].needs_approval)
        self.assertEqual(self.listed(internal=True), ())

    def test_refuses_a_taken_address(self):
        """An app at, above or below another is refused, and nothing is left of it."""
        self.create("/tools/disk")
        source = self.put_source("disk", NONE)
        for path in ("/tools/disk", "/tools/disk/deep", "/tools"):
            request = NewApp(path=path, source_url=source)
            refused = self.administration.perform(CREATE_APP, CreateApp(request))
            self.failureResultOf(refused, errors.AppExists)
        self.create("other.example.com:/tools/disk")
        self.assertEqual(len(self.listed("*:**")), 2)

    def test_refuses_bad_paths(self):
        """A text that is no app path is refused."""
        source = self.put_source("disk", NONE)
        for path in ("disk", "a:b:/c", "/_clace/x"):
            request = NewApp(path=path, source_url=source)
            refused = self.administration.perform(CREATE_APP, CreateApp(request))
            self.failureResultOf(refused, errors.InvalidPath)

    def test_lists_by_glob(self):
        """A glob without a domain is about apps without one."""
        for path in ("/a/one", "/a/two", "/b", "example.com:/a/one"):
            self.create(path)
        for glob, paths in {
            "/a/*": ["/a/one", "/a/two"],
            "example.com:**": ["example.com:/a/one"],
            "/none*": [],
            "*:/b": ["/b"],
            "*:/a/*": ["/a/one", "/a/two", "example.com:/a/one"],
            "": ["/a/one", "/a/two", "/b", "example.com:/a/one"],
        }.items():
            self.assertEqual([str(app) for app in self.listed(glob)], paths)
        refused = self.administration.perform(LIST_APPS, ListApps("a:b:c", internal=False))
        self.failureResultOf(refused, errors.InvalidGlob)

    def everything_about(self, glob):
        """Every operation that takes a glob, tried dry."""
        admin = self.administration
        return (
            admin.perform(LIST_APPS, ListApps(glob, internal=True)),
            admin.perform(DELETE_APPS, DeleteApps(glob, dry_run=True)),
            admin.perform(APPROVE_APPS, ApproveApps(glob, dry_run=True)),
            admin.perform(RELOAD_APPS, ReloadApps(glob, dry_run=True)),
            admin.perform(PROMOTE_APPS, PromoteApps(glob, dry_run=True)),
            admin.perform(
                LINK_ACCOUNT, LinkAccount(glob, plugin="http.in", account="work", dry_run=True)
            ),
            admin.perform(
                UPDATE_PARAMS, UpdateParam(glob, param_name="size", param_value="1", dry_run=True)
            ),
            admin.perform(
                UPDATE_METADATA,
                UpdateMetadata(
                    glob,
                    body=MetadataChange(
                        config_type="app_config", config_entries=("sandbox.max_waiting=2",)
                    ),
                    dry_run=True,
                ),
            ),
            admin.perform(CHANGE_OWNER, ChangeOwner(glob, owner="admin", dry_run=True)),
            admin.perform(
                UPDATE_SETTINGS,
                UpdateSettings(glob, body=SettingsChange(authn_type="none"), dry_run=True),
            ),
        )

    def test_refuses_a_path_without_an_app(self):
        """A path that names no app is an error of every operation; a near one is named."""
        self.create("/tools/disk")
        self.create("example.com:/x")
        for path in ("/tools/disc", "other.com:/x", "/tools", "/x", "/tools/disk_cl_stage"):
            for refused in self.everything_about(path):
                failure = self.failureResultOf(refused, errors.NoSuchApp)
                self.assertIn(path, failure.value.message)
        failure = self.failureResultOf(
            self.administration.perform(GET_APP, OneApp("/tols/disk")), errors.NoSuchApp
        )
        self.assertEqual(
            failure.value.message, "app not found: /tols/disk. Did you mean /tools/disk?"
        )

    def test_refuses_bad_globs(self):
        """A pattern that is not whole is refused by every operation, also without an app."""
        for glob in ("/a[", "/{a", "x]:/a", "/a}", "/x\\", "no-slash", "/[]"):
            for refused in self.everything_about(glob):
                failure = self.failureResultOf(refused, errors.InvalidGlob)
                self.assertIn(glob, failure.value.message)

    def test_says_that_no_app_matches(self):
        """A pattern that selects no app is no error, and the answer tells that it did not."""
        self.create()
        promoted = self.successResultOf(
            self.administration.perform(PROMOTE_APPS, PromoteApps("/x*", dry_run=False))
        )
        self.assertEqual(promoted.matched, 0)
        promoted = self.successResultOf(
            self.administration.perform(PROMOTE_APPS, PromoteApps("/d*", dry_run=False))
        )
        self.assertEqual((promoted.matched, promoted.promote_results), (1, ()))
        for done in self.everything_about("/x*"):
            self.successResultOf(done)

    def test_gets_one(self):
        """One app by its address."""
        self.create()
        found = self.successResultOf(self.administration.perform(GET_APP, OneApp("/disk")))
        self.assertEqual(str(found.app_entry), "/disk")
        self.failureResultOf(
            self.administration.perform(GET_APP, OneApp("/none")), errors.NoSuchApp
        )

    def test_refuses_a_glob_for_one(self):
        """A glob in place of the path of one app is said to be one, whatever it selects."""
        self.create()
        for operation in (GET_APP, SHOW_APP):
            for glob in ("/d*", "/x*", "*:**"):
                asked = self.administration.perform(operation, OneApp(glob))
                failure = self.failureResultOf(asked, errors.InvalidPath)
                self.assertEqual(
                    failure.value.message, f"{glob} is a glob, and this takes the path of one app"
                )

    def test_shows_one(self):
        """Everything about an app: what it asks for, what is approved, params, limits, versions."""
        self.create(demands=RUNS, approve=True, param_values={"size": "4"})
        self.put_source("disk", FETCHES)
        self.successResultOf(self.reload(approve=True))
        shown = self.successResultOf(self.administration.perform(SHOW_APP, OneApp("/disk")))
        self.assertEqual((str(shown.app_path_domain), shown.kind), ("/disk", "prod"))
        self.assertTrue(shown.staged_changes)
        production, staging = shown.versions
        self.assertEqual((production.version, staging.version), (1, 2))
        self.assertEqual(staging.previous_version, 1)
        self.assertEqual(str(staging.app_path_domain), "/disk_cl_stage")
        self.assertEqual(staging.asked_loads, FETCHES.loads)
        self.assertEqual(staging.approved_permissions, FETCHES.permissions)
        self.assertFalse(staging.needs_approval)
        params = {param.name: (param.value, param.given) for param in production.params}
        self.assertEqual(params["size"], ("4", True))
        self.assertFalse(params["color"][1])
        self.assertEqual(production.limits["memory_mb"], 512)
        self.assertTrue(production.http_url.endswith("/disk"))
        (only,) = self.successResultOf(
            self.administration.perform(SHOW_APP, OneApp("/disk_cl_stage"))
        ).versions
        self.assertEqual(only.id, staging.id)
        self.failureResultOf(
            self.administration.perform(SHOW_APP, OneApp("/none")), errors.NoSuchApp
        )

    def test_shows_what_waits_for_approval(self):
        """What a version asks for and was not approved is told apart from the rest."""
        self.create(demands=RUNS)
        for version in self.successResultOf(
            self.administration.perform(SHOW_APP, OneApp("/disk"))
        ).versions:
            self.assertEqual((version.new_loads, version.new_permissions), RUNS_PARTS)
            self.assertEqual((version.approved_loads, version.approved_permissions), ((), ()))
            self.assertTrue(version.needs_approval)

    def test_deletes(self):
        """An app goes with its twin; a dry run only says which."""
        self.create()
        for dry_run, left in ((True, 2), (False, 0)):
            deleted = self.successResultOf(
                self.administration.perform(DELETE_APPS, DeleteApps("/disk", dry_run=dry_run))
            )
            self.assertEqual([app.path for app in deleted.app_info], ["/disk"])
            self.assertEqual(deleted.dry_run, dry_run)
            self.assertEqual(len(self.listed(internal=True)), left)
        gone = self.administration.perform(DELETE_APPS, DeleteApps("/disk", dry_run=False))
        self.failureResultOf(gone, errors.NoSuchApp)

    def test_approves(self):
        """Approval is of what the stored source asks for, on the staging twin."""
        self.create(demands=RUNS)
        done = self.approve()
        self.assertTrue(done.staged_update_results[0].needs_approval)
        self.assertEqual(done.promote_results, ())
        self.assertEqual(self.staging().metadata.approved, RUNS)
        self.assertTrue(self.listed()[0].staged_changes)
        self.assertFalse(self.approve().staged_update_results[0].needs_approval)

    def test_approves_and_promotes(self):
        """With promotion, production has what was approved."""
        self.create(demands=RUNS)
        done = self.approve(promote=True)
        self.assertEqual(done.promote_results, (AppPath("/disk"),))
        self.assertEqual(self.listed()[0].metadata.approved, RUNS)
        self.assertFalse(self.listed()[0].staged_changes)

    def test_approves_dry(self):
        """A dry run approves nothing."""
        self.create(demands=RUNS)
        self.assertTrue(self.approve(dry_run=True).dry_run)
        self.assertEqual(self.staging().metadata.approved, NONE)

    def test_reloads(self):
        """A reload gives the staging twin a new version; production stays."""
        self.create()
        done = self.successResultOf(self.reload())
        self.assertEqual(done.reload_results, (AppPath("/disk_cl_stage"),))
        self.assertEqual(done.promote_results, ())
        self.assertEqual(self.staging().version, 2)
        (app,) = self.listed()
        self.assertEqual((app.version, app.staged_changes), (1, True))

    def test_refuses_a_reload_that_asks_for_more(self):
        """A source that asks for more than was approved changes nothing."""
        self.create(demands=RUNS, approve=True)
        self.put_source("disk", FETCHES)
        self.failureResultOf(self.reload(), errors.NeedsApproval)
        self.assertEqual(self.staging().version, 1)

    def test_names_all_that_need_approval(self):
        """A reload names all apps that ask for more, with the command that approves each."""
        for path in ("/one", "/two", "/three"):
            self.create(path, demands=RUNS, approve=True)
        self.put_source("disk", FETCHES)
        message = self.failureResultOf(self.reload(), errors.NeedsApproval).value.message
        for path in ("/one", "/two", "/three"):
            self.assertIn(f"app {path} needs approval. New:", message)
            self.assertIn(f"clace app reload --approve {path}", message)
        self.assertEqual({app.version for app in self.listed(internal=True)}, {1})

    def test_reloads_approving(self):
        """With approval, the reload approves what is new and says so."""
        self.create(demands=RUNS, approve=True)
        self.put_source("disk", FETCHES)
        done = self.successResultOf(self.reload(approve=True, promote=True))
        self.assertEqual([result.new_loads for result in done.approve_results], [FETCHES.loads])
        self.assertEqual(len(done.promote_results), 1)
        self.assertEqual(self.listed()[0].metadata.approved, FETCHES)
        self.assertEqual(self.listed()[0].version, 2)

    def test_drops_approvals(self):
        """A version has no approval of what it does not ask for; a later one asks for it anew."""
        self.create(demands=FETCHES, approve=True)
        self.put_source("disk", RUNS)
        done = self.successResultOf(self.reload())
        self.assertEqual(done.approve_results, ())
        self.assertEqual(self.staging().metadata.approved, RUNS)
        self.assertEqual(self.listed()[0].metadata.approved, FETCHES)
        self.successResultOf(
            self.administration.perform(PROMOTE_APPS, PromoteApps("all", dry_run=False))
        )
        self.assertEqual(self.listed()[0].metadata.approved, RUNS)
        self.put_source("disk", FETCHES)
        self.failureResultOf(self.reload(promote=True), errors.NeedsApproval)

    def test_approval_drops_too(self):
        """Approving an app that asks for less leaves nothing of the rest, in a dry run all."""
        self.create(demands=FETCHES, approve=True, is_dev=True)
        self.put_source("disk", RUNS)
        self.assertFalse(self.approve(dry_run=True).staged_update_results[0].needs_approval)
        self.assertEqual(self.listed()[0].metadata.approved, FETCHES)
        self.assertFalse(self.approve().staged_update_results[0].needs_approval)
        self.assertEqual(self.listed()[0].metadata.approved, RUNS)
        self.put_source("disk", FETCHES)
        self.failureResultOf(self.reload(), errors.NeedsApproval)

    def test_says_what_changed(self):
        """Every answer has each app that changed, with its version and its approvals."""

        def told(done):
            return [
                (str(one.app_path_domain), one.change, one.version, one.approved_loads)
                for one in done.changes
            ]

        created = self.create(demands=RUNS, approve=True)
        self.assertEqual(
            sorted(told(created)),
            [("/disk", "created", 1, RUNS.loads), ("/disk_cl_stage", "created", 1, RUNS.loads)],
        )
        self.put_source("disk", FETCHES)
        for dry_run in (True, False):
            done = self.successResultOf(self.reload(approve=True, dry_run=dry_run))
            self.assertEqual(told(done), [("/disk_cl_stage", "updated", 2, ("http.in",))])
        (change,) = done.changes
        self.assertEqual((change.id, change.previous_version), (self.staging().id, 1))
        self.assertEqual(change.approved_permissions, FETCHES.permissions[1:])
        promoted = self.successResultOf(
            self.administration.perform(PROMOTE_APPS, PromoteApps("all", dry_run=False))
        )
        self.assertEqual(told(promoted), [("/disk", "updated", 2, ("http.in",))])
        self.assertEqual(self.approve().changes, ())
        linked = self.linked()
        self.assertEqual(linked.changes[0].changed, ("account http.in",))
        self.assertEqual(self.param("size", "hunter2").changes[0].changed, ("param size",))
        settled = self.successResultOf(self.settle(authn_type="none"))
        self.assertEqual([one.changed for one in settled.changes], [("authn_type none",)] * 2)
        self.put_source("disk", NONE)
        (change,) = self.successResultOf(self.reload()).changes
        self.assertEqual(change.dropped_loads, FETCHES.loads)
        self.assertEqual(change.dropped_permissions, FETCHES.permissions)
        deleted = self.successResultOf(
            self.administration.perform(DELETE_APPS, DeleteApps("all", dry_run=False))
        )
        self.assertEqual([one.change for one in deleted.changes], ["deleted", "deleted"])

    def test_reloads_dry(self):
        """A dry run of a reload leaves the version."""
        self.create()
        done = self.successResultOf(self.reload(dry_run=True, promote=True))
        self.assertTrue(done.dry_run)
        self.assertEqual(self.staging().version, 1)

    def test_promotes(self):
        """Promotion gives production what staging has; a second one finds nothing to do."""
        self.create()
        self.successResultOf(self.reload())
        for dry_run, paths in ((True, 1), (False, 1), (False, 0)):
            done = self.successResultOf(
                self.administration.perform(PROMOTE_APPS, PromoteApps("all", dry_run=dry_run))
            )
            self.assertEqual(done.dry_run, dry_run)
            self.assertEqual(done.promote_results, (AppPath("/disk"),) * paths)
        self.assertEqual(self.listed()[0].version, 2)
        self.assertFalse(self.listed()[0].staged_changes)

    def test_refuses_to_promote_a_dev_app(self):
        """A dev app has nothing to promote, which is an error for its path and not for a glob."""
        self.create(is_dev=True)
        asked = self.administration.perform(PROMOTE_APPS, PromoteApps("/disk"))
        failure = self.failureResultOf(asked, errors.BadRequest)
        self.assertEqual(
            failure.value.message, "app /disk is a dev app, which has no staging app to promote"
        )
        for glob in ("/d*", "all"):
            asked = self.administration.perform(PROMOTE_APPS, PromoteApps(glob))
            self.assertEqual(self.successResultOf(asked).promote_results, ())

    def link(self, account="work", plugin="http.in", **options):
        link = AccountLink(plugin, account)
        return self.administration.perform(
            LINK_ACCOUNT,
            LinkAccount("all", plugin=link.plugin, account=link.account_name, **options),
        )

    def linked(self, *arguments, **options):
        return self.successResultOf(self.link(*arguments, **options))

    def test_links_accounts(self):
        """An account is linked in staging first, and promoted like every other change."""
        self.create()
        linked = self.linked()
        self.assertEqual(linked.staged_update_results, (AppPath("/disk_cl_stage"),))
        self.assertEqual(linked.promote_results, ())
        self.assertEqual(self.staging().metadata.accounts, (AccountLink("http.in", "work"),))
        (app,) = self.listed()
        self.assertEqual((app.metadata.accounts, app.staged_changes), ((), True))
        promoted = self.linked(promote=True)
        self.assertEqual(promoted.staged_update_results, ())
        self.assertEqual(promoted.promote_results, (AppPath("/disk"),))
        (app,) = self.listed()
        self.assertEqual(app.metadata.accounts, (AccountLink("http.in", "work"),))

    def test_unlinks_accounts(self):
        """A link is removed by the account that is called minus; where there is none, nothing."""
        self.create(is_dev=True)
        self.assertEqual(self.linked("-").staged_update_results, ())
        self.linked("http.in#work")
        (app,) = self.listed()
        self.assertEqual(app.metadata.accounts, (AccountLink("http.in", "http.in#work"),))
        self.assertEqual(self.linked("-").staged_update_results, (AppPath("/disk"),))
        (app,) = self.listed()
        self.assertEqual(app.metadata.accounts, ())

    def test_links_dry(self):
        """A dry run tells what would be linked and links nothing."""
        self.create()
        linked = self.linked(dry_run=True, promote=True)
        self.assertTrue(linked.dry_run)
        self.assertEqual(linked.promote_results, (AppPath("/disk"),))
        self.assertEqual(self.staging().metadata.accounts, ())

    def test_refuses_links_to_nothing(self):
        """A plugin or account that there is not cannot be linked."""
        self.create()
        for account, plugin in (("none", "http.in"), ("work", "htpp.in")):
            self.failureResultOf(self.link(account, plugin), errors.BadRequest)

    def param(self, name, value, **options):
        return self.successResultOf(
            self.administration.perform(
                UPDATE_PARAMS,
                UpdateParam("all", param_name=name, param_value=value, **options),
            )
        )

    def test_updates_params(self):
        """A param has its value in staging first, and in production once that is promoted."""
        self.create(param_values={"size": "1"})
        done = self.param("color", "{{secret x}} & é")
        self.assertEqual(done.staged_update_results, (AppPath("/disk_cl_stage"),))
        self.assertEqual(done.promote_results, ())
        staged = {"size": "1", "color": "{{secret x}} & é"}
        self.assertEqual(self.staging().metadata.param_values, staged)
        (app,) = self.listed()
        self.assertEqual((app.metadata.param_values, app.staged_changes), ({"size": "1"}, True))
        done = self.param("size", "-", promote=True)
        self.assertEqual(done.promote_results, (AppPath("/disk"),))
        (app,) = self.listed()
        self.assertEqual(app.metadata.param_values, {"color": "{{secret x}} & é"})

    def test_param_as_it_is(self):
        """A value that a param has already makes no version; an empty one is a value."""
        self.create(param_values={"size": "1"})
        self.assertEqual(self.param("size", "1").staged_update_results, ())
        self.assertEqual(self.param("size", "", dry_run=True).dry_run, True)
        self.assertEqual(self.staging().metadata.param_values, {"size": "1"})
        self.param("size", "")
        self.assertEqual(self.staging().metadata.param_values, {"size": ""})

    def test_refuses_names_of_no_param(self):
        """A name with white space, or none, is no param's."""
        self.create()
        for name in ("a b", "x" * 300):
            refused = self.administration.perform(
                UPDATE_PARAMS, UpdateParam("all", param_name=name, param_value="1")
            )
            self.failureResultOf(refused, errors.BadRequest)

    def test_refuses_unknown_params(self):
        """A value for what is no param is refused, with the nearest, and nothing is changed."""
        source = self.put_source("disk", NONE)
        request = NewApp(path="/disk", source_url=source, param_values={"sise": "1"})
        refused = self.administration.perform(CREATE_APP, CreateApp(request))
        failure = self.failureResultOf(refused, errors.BadRequest)
        self.assertEqual(failure.value.message, "app /disk has no param sise. Did you mean size?")
        self.assertEqual(self.listed(), ())
        self.create()
        for name, value, hint in (
            ("colour", "red", "Did you mean color?"),
            ("colour", "-", "Did you mean color?"),
            ("x", "1", "Its params: size, color"),
        ):
            refused = self.administration.perform(
                UPDATE_PARAMS, UpdateParam("all", param_name=name, param_value=value)
            )
            failure = self.failureResultOf(refused, errors.BadRequest)
            self.assertIn(f" has no param {name}. {hint}", failure.value.message)
        self.assertEqual(self.param("color", "-").staged_update_results, ())
        self.assertEqual(self.staging().version, 1)

    def configure(self, *entries, kind="app_config", **options):
        request = MetadataChange(config_type=kind, config_entries=entries)
        return self.administration.perform(
            UPDATE_METADATA, UpdateMetadata("all", body=request, **options)
        )

    def test_configures(self):
        """An app has settings of its own in staging first, and loses them by a minus."""
        self.create()
        done = self.successResultOf(self.configure("sandbox.max_waiting=2"))
        self.assertEqual(done.staged_update_results, (AppPath("/disk_cl_stage"),))
        self.assertEqual(self.staging().metadata.appconfig, {"sandbox.max_waiting": "2"})
        done = self.successResultOf(self.configure("sandbox.max_waiting=3", promote=True))
        (app,) = self.listed()
        self.assertEqual(app.metadata.appconfig, {"sandbox.max_waiting": "3"})
        self.successResultOf(self.configure("sandbox.max_waiting=-", dry_run=True))
        self.assertEqual(self.staging().metadata.appconfig, {"sandbox.max_waiting": "3"})
        self.successResultOf(self.configure("sandbox.max_waiting=-"))
        self.assertEqual(self.staging().metadata.appconfig, {})

    def test_refuses_settings_that_there_are_not(self):
        """An unknown key, an entry without value, another type of settings: nothing is changed."""
        self.create()
        for refused in (
            self.configure("sandbox.treads=2"),
            self.configure("sandbox.max_waiting"),
            self.configure(),
            self.configure("a=b", kind="container_options"),
        ):
            self.failureResultOf(refused, errors.BadRequest)
        self.assertEqual(self.staging().version, 1)

    def settle(self, **said):
        dry_run = said.pop("dry_run", False)
        return self.administration.perform(
            UPDATE_SETTINGS, UpdateSettings("all", body=SettingsChange(**said), dry_run=dry_run)
        )

    def test_updates_settings(self):
        """What is not versioned holds for an app and its twin at once; the rest stays."""
        self.create()
        done = self.successResultOf(self.settle(stage_write_access=2, authn_type="none"))
        paths = (AppPath("/disk"), AppPath("/disk_cl_stage"))
        self.assertEqual(done.update_results, paths)
        for app in self.listed(internal=True):
            self.assertEqual((app.settings.stage_write_access, app.version), (False, 1))
            self.assertEqual(app.settings.authn_type, "none")
            self.assertTrue(app.settings.preview_write_access)
        done = self.successResultOf(self.settle(stage_write_access=1, dry_run=True))
        self.assertEqual((done.dry_run, done.update_results), (True, paths))
        self.assertFalse(self.staging().settings.stage_write_access)

    def give(self, owner, glob="all", *, dry_run=False):
        query = ChangeOwner(glob, owner=owner, dry_run=dry_run)
        return self.administration.perform(CHANGE_OWNER, query)

    def test_changes_owners(self):
        """Another owner has the app and its twin at once, without a new version; a dry run tells
        who would.
        """
        self.create()
        paths = (AppPath("/disk"), AppPath("/disk_cl_stage"))
        would = self.successResultOf(self.give("github:ann", dry_run=True))
        self.assertEqual((would.dry_run, would.update_results), (True, paths))
        self.assertEqual({change.changed for change in would.changes}, {("owner github:ann",)})
        self.assertEqual({app.user_id for app in self.listed(internal=True)}, {"admin"})
        done = self.successResultOf(self.give("github:ann"))
        self.assertEqual((done.dry_run, done.update_results), (False, paths))
        owners = {(app.user_id, app.version) for app in self.listed(internal=True)}
        self.assertEqual(owners, {("github:ann", 1)})
        again = self.successResultOf(self.give("github:ann"))
        self.assertEqual((again.update_results, again.changes), (paths, ()))

    def test_refuses_owners(self):
        """An id that nobody who signs in can have, or of no app, changes nothing."""
        self.create()
        for owner in ("githb:ann", "anonymous", "github:", "ann", "system:admin", "github:a\nb"):
            failure = self.failureResultOf(self.give(owner), errors.BadRequest)
            self.assertIn("no user has the id", failure.value.message)
        self.assertEqual({app.user_id for app in self.listed(internal=True)}, {"admin"})

    def test_refuses_settings(self):
        """A way to log in that there is not is refused."""
        self.create()
        self.failureResultOf(self.settle(authn_type="magic"), errors.BadRequest)

    def create_secret(self, value="hunter2", *, update=False, **fields):
        request = NewSecret(value=value, **fields)
        return self.administration.perform(CREATE_SECRET, CreateSecret(request, update=update))

    def secret(self, name="a", *, reveal=True):
        if reveal:
            asked = self.administration.perform(REVEAL_SECRET, NamedSecret(name))
        else:
            asked = self.administration.perform(GET_SECRET, GetSecret(name))
        return self.successResultOf(asked)

    def test_keeps_secrets(self):
        """A stored secret is named by a reference; its value is told only if asked for."""
        created = self.successResultOf(self.create_secret(name="a", description="mine"))
        self.assertEqual((created.name, created.provider, created.updated), ("a", "db", False))
        self.assertEqual(created.secret_ref, '{{secret_from "db" "a"}}')
        found = self.secret(reveal=False)
        self.assertEqual((found.name, found.description, found.value), ("a", "mine", UNSET))
        self.assertEqual((self.secret().value, self.secret().encoding), ("hunter2", ""))

    def test_keeps_binary_secrets(self):
        """What is no text goes to and fro in Base64."""
        self.successResultOf(self.create_secret("/wA=", name="a", encoding="base64"))
        self.assertEqual((self.secret().value, self.secret().encoding), ("/wA=", "base64"))

    def test_names_secrets(self):
        """A secret without a name gets one that begins with the prefix."""
        name = self.successResultOf(self.create_secret(prefix="db")).name
        self.assertTrue(name.startswith("db_"), name)
        self.assertEqual(self.secret(name).value, "hunter2")

    def test_replaces_secrets(self):
        """A secret is replaced only if that is meant."""
        self.successResultOf(self.create_secret(name="a"))
        self.failureResultOf(self.create_secret("2", name="a"), errors.SecretExists)
        self.assertTrue(
            self.successResultOf(self.create_secret("2", name="a", update=True)).updated
        )
        self.assertEqual(self.secret().value, "2")

    def test_refuses_secrets(self):
        """An odd name, an empty value, an unknown encoding and another provider are refused."""
        for fields in (
            {"name": "1a"},
            {"name": "a/b"},
            {"prefix": "a" * 65},
            {"name": "a", "prefix": "b"},
            {"name": "a", "value": ""},
            {"name": "a", "value": "%", "encoding": "base64"},
            {"name": "a", "encoding": "hex"},
            {"name": "a", "provider": "env"},
        ):
            self.failureResultOf(self.create_secret(**fields), errors.BadRequest)
        self.failureResultOf(self.create_secret("a" * 2**20 + "a", name="a"), errors.TooLarge)

    def test_lists_and_deletes_secrets(self):
        """Secrets are listed by name, without values, and are gone once deleted."""
        for name in ("b", "a", "c"):
            self.successResultOf(self.create_secret(name=name))
        for glob, names in (("", ["a", "b", "c"]), ("[ab]", ["a", "b"]), ("x*", [])):
            found = self.successResultOf(
                self.administration.perform(LIST_SECRETS, ListSecrets(glob, provider="db"))
            )
            self.assertEqual([secret.name for secret in found.secrets], names)
        deleted = self.successResultOf(
            self.administration.perform(DELETE_SECRET, DeleteSecret("a", provider=""))
        )
        self.assertEqual(deleted.name, "a")
        for gone in (
            self.administration.perform(DELETE_SECRET, DeleteSecret("a", provider="")),
            self.administration.perform(GET_SECRET, GetSecret("a", provider="")),
            self.administration.perform(REVEAL_SECRET, NamedSecret("a", provider="")),
        ):
            self.failureResultOf(gone, errors.NoSuchSecret)

    def test_rekeys_secrets(self):
        """It tells how many were sealed anew, and how many needed not be."""
        self.successResultOf(self.create_secret(name="a"))
        done = self.successResultOf(
            self.administration.perform(REKEY_SECRETS, RekeySecrets(provider=""))
        )
        self.assertEqual(done.rekeyed + done.skipped, 1)

    def change_user(self, name="ann", *, update=False, **fields):
        query = ChangeUser(UserChange(**fields), name, update=update)
        return self.administration.perform(CHANGE_USER, query)

    def users(self):
        found = self.successResultOf(self.administration.perform(LIST_USERS, Nothing())).users
        return [
            (each.username, each.groups, each.source, each.overridden, each.has_password)
            for each in found
        ]

    def test_adds_users(self):
        """A user is added with a hash and groups, or invited by a link that is told once."""
        added = self.successResultOf(self.change_user(password=HASH, groups=("a", "b", "a")))
        self.assertEqual((added.username, added.updated, added.link), ("ann", False, UNSET))
        invited = self.successResultOf(self.change_user("bob", invite=True))
        self.assertRegex(str(invited.link), r"\Ahttps?://.*\?token=[A-Za-z0-9_-]+\Z")
        self.assertEqual(
            self.users()[:2],
            [
                ("ann", ("a", "b"), "dynamic", False, True),
                ("bob", (), "dynamic", False, False),
            ],
        )

    def test_updates_users(self):
        """A password and groups are changed each without the other."""
        self.successResultOf(self.change_user(password=HASH, groups=("a",)))
        for fields, groups, has_password in (
            ({"password": HASH}, ("a",), True),
            ({"groups": ("b",)}, ("b",), True),
            ({"groups": ()}, (), True),
            ({"invite": True}, (), False),
        ):
            changed = self.successResultOf(self.change_user(update=True, **fields))
            self.assertTrue(changed.updated)
            expected = ("ann", groups, "dynamic", False, has_password)
            self.assertEqual(self.users()[0], expected)

    def test_deletes_users(self):
        """A deleted user is gone."""
        self.successResultOf(self.change_user(password=HASH))
        deleted = self.administration.perform(DELETE_USER, NamedUser("ann"))
        self.assertEqual(self.successResultOf(deleted).username, "ann")
        self.assertNotIn("ann", [each[0] for each in self.users()])
        again = self.administration.perform(DELETE_USER, NamedUser("ann"))
        self.failureResultOf(again, errors.NoSuchUser)

    def reset_factors(self, username="", *, system=False):
        query = ResetFactors(username, system=system)
        return self.administration.perform(RESET_FACTORS, query)

    def test_resets_factors(self):
        """Factors of a user or of the administrator are removed, of one of them at a time."""
        self.successResultOf(self.change_user(password=HASH))
        for asked in (self.reset_factors("ann"), self.reset_factors(system=True)):
            self.assertEqual(self.successResultOf(asked).removed, 0)
        missing = self.failureResultOf(self.reset_factors("anne"), errors.NoSuchUser)
        self.assertEqual(missing.value.message, "user anne does not exist; did you mean ann?")
        for wrong in (self.reset_factors(), self.reset_factors("ann", system=True)):
            self.failureResultOf(wrong, errors.BadRequest)

    def test_refuses_users(self):
        """Odd names, groups and passwords are refused, and users that are or are not there."""
        self.successResultOf(self.change_user(password=HASH))
        exists = self.failureResultOf(self.change_user(password=HASH), errors.UserExists)
        self.assertEqual(
            exists.value.message, "user ann already exists, use user update to change it"
        )
        missing = self.failureResultOf(self.change_user("x", update=True), errors.NoSuchUser)
        self.assertEqual(missing.value.message, "user x does not exist, use user add to create it")
        for name, fields, reason in (
            ("x", {}, "password is required to create a user"),
            ("x", {"password": "plain"}, "password must be a bcrypt hash"),
            ("x", {"password": HASH, "invite": True}, "not both"),
            ("a:b", {"password": HASH}, "username cannot contain ':' or whitespace"),
            ("a b", {"password": HASH}, "username cannot contain ':' or whitespace"),
            ("x" * 129, {"password": HASH}, "at most 128"),
            ("x", {"password": HASH, "groups": ("a,b",)}, "without commas"),
            ("x", {"password": HASH, "groups": ("",)}, "without commas"),
            ("x", {"password": HASH, "groups": tuple(map(str, range(501)))}, "at most 500"),
        ):
            refused = self.failureResultOf(self.change_user(name, **fields), errors.BadRequest)
            self.assertIn(reason, refused.value.message)

    def test_lists_and_clears_lockouts(self):
        """Nobody is locked out here; to clear one that is not there is an error, all is not."""
        found = self.successResultOf(self.administration.perform(LIST_LOCKOUTS, Nothing()))
        self.assertEqual((found.lockouts, found.total), ((), 0))
        cleared = self.successResultOf(
            self.administration.perform(CLEAR_LOCKOUTS, ClearLockouts("", ""))
        )
        self.assertEqual(cleared.cleared, 0)
        for address, user, why in (
            ("192.0.2.1", "jo", errors.NoSuchLockout),
            ("office", "", errors.BadRequest),
        ):
            self.failureResultOf(
                self.administration.perform(CLEAR_LOCKOUTS, ClearLockouts(address, user)), why
            )

    def test_reads_the_audit_log(self):
        """Events are listed by filter, and the chain over them is verified."""
        ask = self.administration.perform
        found = self.successResultOf(ask(LIST_AUDIT, ListAudit(target="/missing", limit="3")))
        self.assertEqual(found.events, ())
        verified = self.successResultOf(ask(VERIFY_AUDIT, VerifyAudit()))
        self.assertEqual((verified.is_whole, verified.reason), (True, ""))
        for operation, query in (
            (LIST_AUDIT, ListAudit(limit="many")),
            (LIST_AUDIT, ListAudit(limit="0")),
            (LIST_AUDIT, ListAudit(start_date="yesterday")),
            (VERIFY_AUDIT, VerifyAudit("12")),
        ):
            self.failureResultOf(ask(operation, query), errors.BadRequest)

    def test_streams(self):
        """An operation that streams gives results some at a time, or refuses before the first."""
        query = ExportAudit(target="/missing")
        self.assertEqual(self.streamed(self.administration, EXPORT_AUDIT, query), [])
        refused = self.failureResultOf(
            drained(self.administration, EXPORT_AUDIT, ExportAudit(end_date="x")), errors.BadRequest
        )
        self.assertIn("x is no date", refused.value.message)

    def streamed(self, administration, operation, query):
        return self.successResultOf(drained(administration, operation, query))

    def test_lists_and_revokes_sessions(self):
        """Nobody has a session here; to end one that is not there is an error, all is not."""
        found = self.successResultOf(self.administration.perform(LIST_SESSIONS, ListSessions()))
        self.assertEqual((found.sessions, found.total), ((), 0))
        every = RevokeSessions(all=True)
        revoked = self.successResultOf(self.administration.perform(REVOKE_SESSIONS, every))
        self.assertEqual(revoked.revoked, ())
        for query, why in (
            (RevokeSessions(name="ses_1"), errors.NoSuchSession),
            (RevokeSessions(user="jo"), errors.NoSuchSession),
            (RevokeSessions(name="ses_1", all=True), errors.BadRequest),
            (RevokeSessions(), errors.BadRequest),
        ):
            self.failureResultOf(self.administration.perform(REVOKE_SESSIONS, query), why)

    def test_tells_its_status(self):
        """A server that answers is ok; the one that stops is the one that answered."""
        status = self.successResultOf(self.administration.perform(SERVER_STATUS, Nothing()))
        self.assertEqual(status.status, "ok")
        stopping = self.successResultOf(
            self.administration.perform(STOP_SERVER, StopServer(answer=True))
        )
        self.assertEqual(stopping.pid, status.pid)


@implementer(IAdministration)
class Refusing:
    """An administration that refuses everything with one error."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    async def perform(self, _operation: object, _query: object) -> Any:
        raise self._error

    async def perform_as(self, _identity: object, _operation: object, _query: object) -> Any:
        raise self._error

    async def stream_as(self, _identity, _operation: object, _query: object) -> Any:
        raise self._error
        yield


class RefusalsContract:
    """Over something that passes on what another administration answers."""

    def make_administration_over(self, administration: Any) -> Any:
        """An ``IAdministration`` that asks ``administration``."""
        raise NotImplementedError

    def test_raises_what_was_raised(self):
        """Every refusal comes out as the class and text that went in."""
        for kind in errors.BY_CODE.values():
            client = self.make_administration_over(Refusing(kind("because: é <&>")))
            failure = self.failureResultOf(
                client.perform(LIST_APPS, ListApps("all", internal=False))
            )
            self.assertIs(failure.type, kind)
            self.assertEqual(failure.value.message, "because: é <&>")

    def test_raises_it_from_every_operation(self):
        """No operation swallows a refusal."""
        client = self.make_administration_over(Refusing(errors.ChangedMeanwhile("again")))
        for operation in OPERATIONS:
            ask = functools.partial(drained, client) if operation.streams else client.perform
            asked = ask(operation, example(operation.query))
            self.failureResultOf(asked, errors.ChangedMeanwhile)

    def test_says_how_long_the_lock_is(self):
        """The wait of a lock-out comes through, in whole seconds."""
        client = self.make_administration_over(Refusing(errors.LockedOut("wait", retry_after=9.2)))
        failure = self.failureResultOf(client.perform(SERVER_STATUS, Nothing()), errors.LockedOut)
        self.assertEqual(failure.value.retry_after, 10)

"""Params, settings of an app's own, and settings: the contract of administrations has more."""

from msgspec import json

from clace.admin_api.apps import SHOW_APP, OneApp
from clace.admin_api.declarations import APPLY_FILES, ApplyFiles
from clace.admin_api.history import SWITCH_VERSION, SwitchVersion
from clace.admin_api.settings import (
    UPDATE_METADATA,
    UPDATE_PARAMS,
    UPDATE_SETTINGS,
    MetadataChange,
    SettingsChange,
    UpdateMetadata,
    UpdateParam,
    UpdateSettings,
)
from clace.admin_api.versions import APPROVE_APPS, PROMOTE_APPS, ApproveApps, PromoteApps
from clace.errors import AppBroken, BadRequest, NeedsApproval
from tests.operations.house import app_star
from tests.operations.test_administration import HouseCase
from tests.support.administration_contract import NONE

TELLS = """
def handler(req):
    return param.size + 1

app = ace.app("Tells", routes = [ace.api("/", type = ace.TEXT)])
"""
ONE = 'param("size", INT)\n'


class ParamTests(HouseCase):
    def setUp(self):
        super().setUp()
        self.put_app()

    def put_app(self, params=ONE, app=TELLS):
        files = {"app.star": app.encode(), "params.star": params.encode()}
        self.house.sources.put_folder("/src", files)

    def param(self, name, value, **options):
        return self.house.administration.perform(
            UPDATE_PARAMS,
            UpdateParam("all", param_name=name, param_value=value, **options),
        )

    def test_given_at_creation(self):
        """An app has the values that it was created with, its twin too."""
        self.create(param_values={"size": "4"})
        self.assertEqual((self.answer("/a"), self.answer("/a_cl_stage")), ("5", "5"))

    def test_missing(self):
        """Without a value that is required there is no app, and none of the rest."""
        failure = self.failureResultOf(self.house.create("/a", "/src"), AppBroken)
        self.assertIn("param size is a required param", failure.getErrorMessage())
        self.assertEqual(self.apps(), ())

    def test_changes(self):
        """A new value is served by staging, and by production once it is promoted."""
        self.create(param_values={"size": "4"})
        self.assertEqual(self.answer("/a_cl_stage"), "5")
        self.successResultOf(self.param("size", "7"))
        self.assertEqual((self.answer("/a"), self.answer("/a_cl_stage")), ("5", "8"))
        self.successResultOf(
            self.house.administration.perform(PROMOTE_APPS, PromoteApps("all", dry_run=False))
        )
        self.assertEqual(self.answer("/a"), "8")

    def test_refuses_a_wrong_value(self):
        """A value that the app cannot be loaded with changes nothing; it is not repeated."""
        self.create(param_values={"size": "4"})
        for value in ("hunter2", "-"):
            failure = self.failureResultOf(self.param("size", value, promote=True), AppBroken)
            self.assertIn("param size", failure.getErrorMessage())
            self.assertNotIn("hunter2", failure.getErrorMessage())
        self.assertEqual((self.answer("/a"), self.answer("/a_cl_stage")), ("5", "5"))
        self.assertEqual({app.version for app in self.apps()}, {1})

    def test_asks_for_more(self):
        """With a value by which an app asks for more it waits for its approval in staging."""
        asking = TELLS.replace(
            "type = ace.TEXT)]",
            'type = ace.TEXT)], permissions = [ace.permission("fs.in", "n%d" % param.size)]',
        )
        self.put_app(app=asking)
        self.create(approve=True, param_values={"size": "4"})
        failure = self.failureResultOf(self.param("size", "7", promote=True), NeedsApproval)
        self.assertEqual(
            failure.getErrorMessage(),
            "app /a needs approval. New:\n  fs.in.n7 []\nto approve it: clace app approve --promote"
            " /a (first the same change without --promote)",
        )
        self.successResultOf(self.param("size", "7"))
        approving = self.house.administration.perform(
            APPROVE_APPS, ApproveApps("all", promote=True)
        )
        self.successResultOf(approving)
        self.assertEqual(self.answer("/a"), "8")

    def test_hides_what_may_be_secret(self):
        """Values of passwords, and of params that are named as secrets are, are never shown; a
        reference to a stored secret is.
        """
        params = ONE + (
            'param("key", display_type = PASSWORD, default = "hunter1")\n'
            'param("api_token", default = "")\nparam("db_password", default = "x")\n'
        )
        self.put_app(params=params)
        reference = '{{secret "db"}}'
        values = {"size": "4", "api_token": "hunter2", "db_password": reference}
        self.create(param_values=values)
        shown = self.successResultOf(self.house.administration.perform(SHOW_APP, OneApp("/a")))
        told = {param.name: (param.value, param.hidden) for param in shown.versions[0].params}
        self.assertEqual(
            told,
            {
                "size": ("4", False),
                "key": ("", True),
                "api_token": ("", True),
                "db_password": (reference, False),
            },
        )
        self.assertNotIn(b"hunter", json.encode(shown))

    def test_shows_values_of_an_app_that_does_not_load(self):
        """What cannot be read is told as a problem; params that may be secret stay hidden."""
        self.create(is_dev=True, param_values={"size": "4"})
        self.put_app(app="x = 1 // 0\n")
        (version,) = self.successResultOf(
            self.house.administration.perform(SHOW_APP, OneApp("/a"))
        ).versions
        self.assertIn("app.star:1", version.problem)
        self.assertEqual([(one.name, one.value) for one in version.params], [("size", "4")])
        self.assertEqual(version.asked_loads, ())

    def test_names_the_other_value(self):
        """A value under a misspelt name is named where the right one is missing."""
        failure = self.failureResultOf(
            self.house.create("/a", "/src", param_values={"sise": "4"}), AppBroken
        )
        self.assertIn(
            "has to be provided (--param size=...); sise was given", failure.getErrorMessage()
        )

    def test_names_the_app(self):
        """Of several apps the one that does not load is named."""
        self.create(param_values={"size": "4"})
        self.create("/b", param_values={"size": "4"})
        failure = self.failureResultOf(self.param("size", "x"), AppBroken)
        self.assertTrue(failure.getErrorMessage().startswith("app /a: params.star:1:6: param size"))

    def test_dev(self):
        """A dev app has a new value at once, without a version."""
        self.create(is_dev=True, param_values={"size": "4"})
        self.assertEqual(self.answer(), "5")
        self.successResultOf(self.param("size", "5"))
        self.assertEqual(self.answer(), "6")

    def test_survives_a_reload(self):
        """Values stay when the source changes."""
        self.create(param_values={"size": "4"})
        self.put_app(app=TELLS.replace("+ 1", "+ 2"))
        self.reloaded(promote=True)
        self.assertEqual(self.answer(), "6")

    def test_refuses_what_cannot_be_kept(self):
        """Names with white space and endless values are refused at creation too."""
        for values in ({"a b": "1"}, {"": "1"}, {"a": "x" * 100_000}):
            self.failureResultOf(self.house.create("/a", "/src", param_values=values), BadRequest)


class OwnConfigTests(HouseCase):
    def configure(self, *entries, **options):
        request = MetadataChange(config_type="app_config", config_entries=entries)
        return self.house.administration.perform(
            UPDATE_METADATA, UpdateMetadata("all", body=request, **options)
        )

    def test_at_creation(self):
        """Settings are checked before anything is fetched, and kept."""
        wrong = {"sandbox.memory_mb": "1"}
        failure = self.failureResultOf(
            self.house.create("/a", "/nowhere", appconfig=wrong), BadRequest
        )
        self.assertIn("app config sandbox.memory_mb: expected", failure.getErrorMessage())
        self.create(appconfig={"sandbox.memory_mb": "128"})
        self.assertEqual(
            {tuple(app.metadata.appconfig.items()) for app in self.apps()},
            {(("sandbox.memory_mb", "128"),)},
        )

    def test_spec(self):
        """The spec of an app has versions; a misspelt one changes nothing."""
        self.create()
        self.successResultOf(self.spec("python-flask"))
        self.assertEqual({app.metadata.spec for app in self.apps()}, {"", "python-flask"})
        self.assertIn(
            "python-dash?", self.failureResultOf(self.spec("python-dsh")).getErrorMessage()
        )
        self.successResultOf(self.spec("-", promote=True))
        self.assertEqual({app.metadata.spec for app in self.apps()}, {""})

    def spec(self, name, **options):
        query = UpdateMetadata("all", body=MetadataChange(spec=name), **options)
        return self.house.administration.perform(UPDATE_METADATA, query)

    def test_all_or_none(self):
        """An entry that is wrong keeps those beside it from being made."""
        self.create()
        refused = self.configure("sandbox.max_waiting=2", "cors.max_age=soon")
        self.failureResultOf(refused, BadRequest)
        self.assertEqual({len(app.metadata.appconfig) for app in self.apps()}, {0})

    def test_app_that_waits_for_approval(self):
        """An app that does not run yet can be configured, and serves on when it does."""
        self.create()
        self.successResultOf(self.configure("sandbox.max_waiting=2", promote=True))
        self.assertEqual((self.answer("/a"), self.answer("/a_cl_stage")), ("one", "one"))

    def test_removal(self):
        """What an app has not can be removed from it, but not what there is not."""
        self.create()
        self.successResultOf(self.configure("sandbox.max_waiting=-"))
        self.failureResultOf(self.configure("sandbox.treads=-"), BadRequest)
        self.assertEqual({app.version for app in self.apps()}, {1})


class SettingsTests(HouseCase):
    def settle(self, **said):
        request = SettingsChange(**said)
        return self.house.administration.perform(
            UPDATE_SETTINGS, UpdateSettings("all", body=request, dry_run=False)
        )

    def test_holds_at_once(self):
        """The next request is judged by the new settings."""
        self.create()
        self.successResultOf(self.settle(authn_type="none"))
        app = self.house.installed.find("localhost", "/a")
        self.assertEqual(app.settings.authn_type, "none")
        self.house.sources.put_folder("/src", {"app.star": app_star(NONE, "two")})
        self.reloaded(promote=True)
        app = self.house.installed.find("localhost", "/a")
        self.assertEqual(app.settings.authn_type, "none")

    def test_auth_type(self):
        """A way to admit people that there is not is refused with those that there are."""
        self.create()
        for refused in (
            self.settle(authn_type="nobody"),
            self.house.create("/b", "/src", app_authn="nobody"),
        ):
            told = self.failureResultOf(refused, BadRequest).getErrorMessage()
            self.assertIn("type nobody; expected one of default, none, system", told)

    def test_git_auth(self):
        """A login is one that is configured; a minus takes it away."""
        self.create()
        self.successResultOf(self.settle(git_auth_name="ours"))
        self.assertEqual({app.settings.git_auth_name for app in self.apps()}, {"ours"})
        failure = self.failureResultOf(self.settle(git_auth_name="theirs"), BadRequest)
        self.assertIn("[git_auth.theirs]", failure.getErrorMessage())
        self.failureResultOf(self.house.create("/b", "/src", git_auth_name="x"), BadRequest)
        self.failureResultOf(self.reload(git_auth="x"), BadRequest)
        self.successResultOf(self.settle(git_auth_name="-"))
        self.assertEqual({app.settings.git_auth_name for app in self.apps()}, {""})

    def test_nothing_said(self):
        """A request that says nothing, or of what there is not, is refused."""
        for said in ({}, {"spec": "x"}):
            self.failureResultOf(self.settle(**said), BadRequest)


class LoginTests(HouseCase):
    """Who may use an app, and the login for git, as values of a version."""

    def setUp(self):
        super().setUp()
        self.house.sources.put_folder("/src", {"app.star": app_star(NONE)})
        self.create()

    def update(self, kind, *values, **options):
        body = MetadataChange(config_type=kind, config_entries=values)
        return self.house.administration.perform(
            UPDATE_METADATA, UpdateMetadata("all", body=body, **options)
        )

    def settings(self, field="authn_type"):
        """The value of the production app, and of its staging app."""
        found = {str(app): getattr(app.settings, field) for app in self.apps()}
        return found["/a"], found["/a_cl_stage"]

    def at_once(self, **change):
        query = UpdateSettings("all", body=SettingsChange(**change))
        return self.successResultOf(self.house.administration.perform(UPDATE_SETTINGS, query))

    def promote(self):
        self.successResultOf(
            self.house.administration.perform(PROMOTE_APPS, PromoteApps("all", dry_run=False))
        )

    def switch(self, path, version):
        query = SwitchVersion(path, version)
        self.successResultOf(self.house.administration.perform(SWITCH_VERSION, query))

    def test_staging_first(self):
        """Staging admits by the new way at once, production from its promotion on."""
        self.successResultOf(self.update("auth", "none", dry_run=True))
        self.assertEqual(self.settings(), ("default", "default"))
        done = self.successResultOf(self.update("auth", "none"))
        self.assertEqual([str(path) for path in done.staged_update_results], ["/a_cl_stage"])
        self.assertEqual(self.settings(), ("default", "none"))
        self.promote()
        self.assertEqual(self.settings(), ("none", "none"))

    def test_goes_back(self):
        """With the version before, the way of before comes back."""
        self.successResultOf(self.update("auth", "none", promote=True))
        self.switch("/a", "1")
        self.assertEqual(self.settings(), ("default", "none"))
        self.switch("/a", "2")
        self.assertEqual(self.settings(), ("none", "none"))

    def test_at_once_is_the_last_word(self):
        """A setting that holds at once is not undone by a later version of the app."""
        self.successResultOf(self.update("auth", "none", promote=True))
        self.at_once(authn_type="system")
        self.assertEqual(self.settings(), ("system", "system"))
        self.reloaded("all")
        self.promote()
        self.assertEqual(self.settings(), ("system", "system"))

    def test_git(self):
        """The login for git is staged too; ``-`` is none."""
        self.at_once(git_auth_name="ours")
        self.successResultOf(self.update("git_auth", "-"))
        self.assertEqual(self.settings("git_auth_name"), ("ours", ""))
        self.promote()
        self.assertEqual(self.settings("git_auth_name"), ("", ""))
        self.successResultOf(self.update("git_auth", "ours", promote=True))
        self.assertEqual(self.settings("git_auth_name"), ("ours", "ours"))

    def test_refused(self):
        """Ways and logins that are unknown, and anything but one value, change nothing."""
        for kind, *values in (
            ("auth", "nobody_knows"),
            ("auth",),
            ("auth", ""),
            ("auth", "none", "system"),
            ("git_auth", "theirs"),
        ):
            self.failureResultOf(self.update(kind, *values), BadRequest)
        self.assertEqual(self.settings(), ("default", "default"))
        self.assertEqual({app.version for app in self.apps()}, {1})

    def test_declared(self):
        """A file of declarations has the last word with ``clobber``, in staging too."""
        text = b'app("/a", "/src", auth="system")'
        self.house.sources.put_folder("/ops", {"apps.ace": text})
        query = ApplyFiles("/ops/apps.ace", promote=True)
        self.successResultOf(self.house.administration.perform(APPLY_FILES, query))
        self.successResultOf(self.update("auth", "none"))
        self.successResultOf(self.house.administration.perform(APPLY_FILES, query))
        self.assertEqual(self.settings()[1], "none")
        query = ApplyFiles("/ops/apps.ace", clobber=True, promote=True)
        self.successResultOf(self.house.administration.perform(APPLY_FILES, query))
        self.assertEqual(self.settings(), ("system", "system"))

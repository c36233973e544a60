"""Tests for ``clace.operations.asking``, and for the rights that operations on apps ask for."""

from msgspec.structs import replace
from twisted.internet.defer import ensureDeferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import Interface, implementer

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
from clace.admin_api.changes import Difference
from clace.admin_api.declarations import APPLY_FILES, ApplyFiles
from clace.admin_api.programs import (
    READ_LOG,
    RESTART_APP,
    RUN_COMMAND,
    START_APP,
    STOP_APP,
    AppCommand,
    ControlProgram,
    ReadLog,
    RunCommand,
)
from clace.admin_api.versions import RELOAD_APPS, ReloadApps
from clace.errors import BadRequest, NoSuchApp, NotAllowed
from clace.identity.rbac import Authorisation
from clace.model.app import Demands
from clace.model.identity import Assurance, Identity
from clace.model.rbac import Grant, Policy
from clace.model.scope import Scope
from clace.operations.administration import Administration
from clace.workloads.control import ProgramControl
from tests.operations.house import House, app_star

ANN = Identity(user_id="github:ann", assurance=Assurance.SSO)
ADMIN = Identity(user_id="admin", assurance=Assurance.PASSWORD)
BEN = Identity(user_id="github:ben", assurance=Assurance.SSO)
POLICY = Policy(
    enabled=True,
    grants=(
        Grant(users=(ANN.user_id,), roles=("clace-developer",), targets=("/team/**",)),
        Grant(users=(BEN.user_id,), roles=("clace-user",), targets=("/team/b",)),
    ),
)


class RightsTests(SynchronousTestCase):
    def setUp(self):
        self.house = House(policy=POLICY)
        self.house.sources.put_folder("/src", {"app.star": app_star(Demands())})
        for path in ("/team/a", "/team/b", "/other"):
            self.successResultOf(self.house.create(path, "/src"))

    def ask(self, identity, operation, query):
        return self.house.administration.perform_as(identity, operation, query)

    def listed(self, identity, glob="all", **options):
        found = self.successResultOf(self.ask(identity, LIST_APPS, ListApps(glob, **options)))
        return [str(app) for app in found.apps]

    def test_lists_filter(self):
        """A list has the apps that the user may see, and says nothing of the others."""
        self.assertEqual(self.listed(ANN), ["/team/a", "/team/b"])
        self.assertEqual(self.listed(BEN), ["/team/b"])
        self.assertEqual(self.listed(BEN, internal=True), ["/team/b", "/team/b_cl_stage"])
        for unknown in ("/other", "/missing"):
            self.assertEqual(self.listed(BEN, unknown), [])

    def test_changes_are_all_or_none(self):
        """One app without the right is enough for nothing to change."""
        for glob in ("all", "/**", "/team/*"):
            failure = self.failureResultOf(self.ask(BEN, DELETE_APPS, DeleteApps(glob)), NotAllowed)
            self.assertIn("user github:ben does not have permission app:delete", str(failure.value))
        self.failureResultOf(self.ask(ANN, DELETE_APPS, DeleteApps("all")), NotAllowed)
        self.assertEqual(len(self.listed(ADMIN)), 3)
        self.successResultOf(self.ask(ANN, DELETE_APPS, DeleteApps("/team/*")))
        self.assertEqual(self.listed(ANN), [])

    def test_missing_apps(self):
        """A user without rights cannot tell an app that is missing from one of others."""
        for operation, query in (
            (GET_APP, OneApp),
            (SHOW_APP, OneApp),
            (DELETE_APPS, DeleteApps),
            (RELOAD_APPS, ReloadApps),
        ):
            for path in ("/other", "/missing", "/other_cl_stage"):
                failure = self.failureResultOf(self.ask(BEN, operation, query(path)), NotAllowed)
                self.assertIn(f" on {path.removesuffix('_cl_stage')}", str(failure.value))
        self.failureResultOf(self.ask(ANN, GET_APP, OneApp("/team/missing")), NoSuchApp)

    def test_hints_name_no_others(self):
        """A refusal for a missing app names near ones only if they may be seen."""
        policy = replace(
            POLICY, grants=(Grant(users=(BEN.user_id,), roles=("clace-user",), targets=("/othe",)),)
        )
        self.house.authorisation.replace(policy, "admin")
        failure = self.failureResultOf(self.ask(BEN, GET_APP, OneApp("/othe")), NoSuchApp)
        self.assertNotIn("/other", str(failure.value))

    def test_staging_apps_go_with_their_apps(self):
        """A staging app is seen by those who may see its production app."""
        self.successResultOf(self.ask(BEN, GET_APP, OneApp("/team/b_cl_stage")))
        self.failureResultOf(self.ask(BEN, GET_APP, OneApp("/team/a_cl_stage")), NotAllowed)

    def test_creators_own(self):
        """The creator is recorded, and may manage the app wherever their grants end."""
        new = CreateApp(NewApp(path="/team/new", source_url="/src"))
        self.successResultOf(self.ask(ANN, CREATE_APP, new))
        self.house.authorisation.replace(Policy(enabled=True), "admin")
        self.assertEqual(self.listed(ANN), ["/team/new"])
        self.successResultOf(self.ask(ANN, DELETE_APPS, DeleteApps("/team/new")))
        self.assertEqual(self.listed(ANN), [])

    def test_creation_needs_the_address(self):
        """An app is created where the user may create apps, and approved by who may approve."""
        for path, approve in (("/elsewhere", False), ("/team/new", True)):
            query = CreateApp(NewApp(path=path, source_url="/src"), approve=approve)
            self.failureResultOf(self.ask(ANN, CREATE_APP, query), NotAllowed)

    def test_options(self):
        """Promotion and approval on the way are rights of their own, on each app."""
        self.successResultOf(self.ask(ANN, RELOAD_APPS, ReloadApps("/team/*", promote=True)))
        query = ReloadApps("/team/*", approve=True)
        failure = self.failureResultOf(self.ask(ANN, RELOAD_APPS, query), NotAllowed)
        self.assertIn("app:approve on /team/a", str(failure.value))


class ISeamOfListing(Interface):
    async def list_apps(query):
        """Forgets to ask who it is for."""


@implementer(ISeamOfListing)
class Forgetful:
    async def list_apps(self, query):
        return query


class AdministrationTests(SynchronousTestCase):
    def test_refuses_forgetful_nouns(self):
        """An operation on apps whose method knows nobody is no part of an administration."""
        authorisation = Authorisation(Policy(), "admin")
        error = self.assertRaises(TypeError, Administration, authorisation, Forgetful())
        self.assertIn("list_apps needs a right on apps", str(error))


class ProgramTests(SynchronousTestCase):
    """The programs of apps are for who has the right to them on that app."""

    RUNNER = Policy(
        enabled=True,
        roles={"runner": ("container:manage",)},
        grants=(Grant(users=(BEN.user_id,), roles=("runner",), targets=("/team/**",)),),
    )
    TOKEN = Identity(
        user_id="admin",
        assurance=Assurance.TOKEN,
        token_id="tok_1",
        scope=Scope(permissions=("container:manage",), apps=("/team/**",)),
    )

    def setUp(self):
        self.house = House(policy=self.RUNNER)
        self.house.sources.put_folder("/src", {"app.star": app_star(Demands())})
        for path in ("/team/a", "/other"):
            self.successResultOf(self.house.create(path, "/src"))

    def asked(self, identity, path):
        """Each operation on the program of an app, asked for."""
        administration, query = self.house.administration, ControlProgram(path)
        for operation in (STOP_APP, START_APP, RESTART_APP):
            yield administration.perform_as(identity, operation, query)
        command = RunCommand(path, body=AppCommand(("id",)))
        for operation, query in ((RUN_COMMAND, command), (READ_LOG, ReadLog(path))):
            yield administration.stream_as(identity, operation, query).asend(None)

    def test_other_apps(self):
        """A role or a token for some apps reaches into no others, and tells none from a missing."""
        for identity in (BEN, self.TOKEN):
            for path in ("/other", "/other_cl_stage", "/missing"):
                for each in self.asked(identity, path):
                    refused = self.failureResultOf(ensureDeferred(each), NotAllowed).value
                    self.assertIn(f" on {path.removesuffix('_cl_stage')}", refused.message)

    def test_own_apps(self):
        """On the apps that they are for they go as far as these have programs."""
        for identity in (BEN, self.TOKEN):
            for each in self.asked(identity, "/team/a"):
                refused = self.failureResultOf(ensureDeferred(each), BadRequest).value
                told = refused.message.partition("\n")[0]
                self.assertEqual(
                    told, "app /team/a has no program of its own, or none that was approved"
                )


class FollowTests(SynchronousTestCase):
    def test_right_that_goes(self):
        """Who follows a log gets no line more once the right to it is gone."""
        house = House(policy=ProgramTests.RUNNER)
        house.sources.put_folder("/src", {"app.star": app_star(Demands(loads=("process.in",)))})
        self.successResultOf(house.create("/team/a", "/src", approve=True))
        app = house.installed.find("localhost", "/team/a")
        asked = house.administration.stream_as(BEN, READ_LOG, ReadLog("/team/a", follow=True))
        self.successResultOf(ensureDeferred(asked.asend(None)))
        log = ProgramControl(house.clock, house.workloads, house.engine).log(app)
        following = ensureDeferred(asked.asend(None))
        log.tell("one")
        self.assertIn("one", self.successResultOf(following)[0].line)
        following = ensureDeferred(asked.asend(None))
        house.authorisation.replace(Policy(enabled=True), "admin")
        log.tell("two")
        self.failureResultOf(following, NotAllowed)

    def test_silent(self):
        """So does one that has no lines, within five seconds."""
        house = House(policy=ProgramTests.RUNNER)
        house.sources.put_folder("/src", {"app.star": app_star(Demands(loads=("process.in",)))})
        self.successResultOf(house.create("/team/a", "/src", approve=True))
        asked = house.administration.stream_as(BEN, READ_LOG, ReadLog("/team/a", follow=True))
        self.successResultOf(ensureDeferred(asked.asend(None)))
        following = ensureDeferred(asked.asend(None))
        house.clock.advance(2)
        self.assertEqual(self.successResultOf(following), ())
        following = ensureDeferred(asked.asend(None))
        house.authorisation.replace(Policy(enabled=True), "admin")
        house.clock.advance(2)
        self.failureResultOf(following, NotAllowed)


class ApplierTests(SynchronousTestCase):
    """Who may apply, and whatever is said of it may not install."""

    def setUp(self):
        roles = {"applier": ("app:apply", "app:read"), "updater": ("app:update",)}
        self.policy = Policy(enabled=True, roles=roles)
        self.house = House(policy=self.policy)
        self.house.sources.put_folder("/src", {"app.star": app_star(Demands())})
        self.successResultOf(self.house.create("/team/a", "/src"))
        declared = b'app("/team/a", "/src")\napp("/team/new", "/src")'
        self.house.sources.put_folder("/ops", {"apps.ace": declared})

    def apply(self, role, glob, **options):
        grant = Grant(users=(BEN.user_id,), roles=role, targets=("/team/**",))
        self.house.authorisation.replace(replace(self.policy, grants=(grant,)), "admin")
        query = ApplyFiles("/ops/apps.ace", app_path_glob=glob, **options)
        return self.house.administration.perform_as(BEN, APPLY_FILES, query)

    def test_creation(self):
        """An app that a file declares is installed only by who may create apps at its address."""
        for role in ("applier", "updater"):
            self.successResultOf(self.apply((role,), "/team/a"))
            for is_dry in (True, False):
                asked = self.apply((role,), "all", dry_run=is_dry)
                refused = self.failureResultOf(asked, NotAllowed).value
                self.assertIn("permission app:create on /team/new", refused.message)
        self.successResultOf(self.apply(("clace-developer",), "all"))


class ReadableTests(SynchronousTestCase):
    def test_values_are_for_readers(self):
        """Who may apply to an app and not read it is told what changes, and no value of it."""
        applier = Policy(
            enabled=True,
            roles={"applier": ("app:apply",)},
            grants=(Grant(users=(BEN.user_id,), roles=("applier",), targets=("/team/a",)),),
        )
        house = House(policy=applier)
        files = {"app.star": app_star(Demands()), "params.star": b'param("size", default = "")'}
        house.sources.put_folder("/src", files)
        self.successResultOf(house.create("/team/a", "/src", param_values={"size": "17"}))
        text = b'app("/team/a", "/src", params={"size": "18"})'
        house.sources.put_folder("/ops", {"apps.ace": text})
        query = ApplyFiles("/ops/apps.ace", dry_run=True)
        asked = house.administration.perform_as(BEN, APPLY_FILES, query)
        values = [one for each in self.successResultOf(asked).changes for one in each.values]
        self.assertEqual(values, [Difference(kind="param", name="size", hidden=True)])
        asked = house.administration.perform_as(ADMIN, APPLY_FILES, query)
        values = [one for each in self.successResultOf(asked).changes for one in each.values]
        self.assertEqual(values, [Difference(kind="param", name="size", old="17", new="18")])

"""Apps on one host are one origin to browsers."""

from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.settings import (
    UPDATE_METADATA,
    UPDATE_SETTINGS,
    MetadataChange,
    SettingsChange,
    UpdateMetadata,
    UpdateSettings,
)
from clace.errors import BadRequest
from clace.model.app import App, AppSettings, Demands
from clace.model.identity import Assurance, Identity
from clace.model.rbac import Grant, Policy
from clace.operations.configured import ConfiguredSections
from tests.operations.house import House, app_star

ANN = Identity(user_id="github:ann", assurance=Assurance.SSO)
POLICY = Policy(
    enabled=True, grants=(Grant(users=(ANN.user_id,), roles=("clace-operator",), targets=("/a",)),)
)


def app(path, auth="default", user="admin", **fields):
    settings = AppSettings(authn_type=auth)
    return App(id=f"app_prd_{path}", path=path, user_id=user, settings=settings, **fields)


class SharedHostTests(SynchronousTestCase):
    def neighbours(self, new, *others, **options):
        configured = ConfiguredSections(
            auth_in_effect=lambda setting: "system" if setting == "default" else setting, **options
        )
        return configured.check_neighbours(new, others, lambda other: other.path != "/unseen")

    def test_alike(self):
        """Apps of one owner and one setting are no danger to each other, however it is written."""
        self.assertEqual(self.neighbours(app("/a")), ())
        self.assertEqual(self.neighbours(app("/a"), app("/b"), app("/c", "system")), ())

    def test_warns(self):
        """An app of another owner or setting is told, with the number of such apps."""
        for other in (app("/b", "none"), app("/b", user="ann")):
            (text,) = self.neighbours(app("/a"), other)
            self.assertTrue(text.startswith("/b on the same host"), text)
        (text,) = self.neighbours(app("/a"), app("/b", "none"), app("/c", "none"), app("/d"))
        self.assertTrue(text.startswith("/b and 1 more on the same host"), text)

    def test_names_what_is_seen(self):
        """Of apps that the user may not see only the number is told."""
        (text,) = self.neighbours(app("/a"), app("/unseen", "none"))
        self.assertTrue(text.startswith("another app on the same host"), text)
        (text,) = self.neighbours(app("/a"), app("/unseen", "none"), app("/c", "none"))
        self.assertTrue(text.startswith("/c and 1 more on the same host"), text)

    def test_twins(self):
        """The staging twin of an app is not another app."""
        twin = app("/b_cl_stage", "none", main_app="app_prd_/b")
        self.assertEqual(self.neighbours(app("/a"), twin), ())

    def test_refuses(self):
        """With security.shared_host = "refuse" such an app is not installed."""
        error = self.assertRaises(
            BadRequest,
            self.neighbours,
            app("/a"),
            app("/b", "none"),
            refuses_shared_hosts=True,
        )
        self.assertIn("security.shared_host", error.message)


class InstallTests(SynchronousTestCase):
    def setUp(self):
        self.house = House()
        self.house.sources.put_folder("/src", {"app.star": app_star(Demands())})

    def install(self, path, auth="default"):
        return self.house.create(path, "/src", app_authn=auth)

    def test_warned(self):
        """Who installs an app beside one of another setting is told; on a host of its own, not."""
        self.successResultOf(self.install("/a"))
        alike = self.successResultOf(self.install("/b", "system"))
        self.assertEqual(alike.warnings, ())
        other = self.successResultOf(self.install("/c", "none"))
        self.assertIn("/a and 1 more on the same host", other.warnings[0])
        alone = self.successResultOf(self.install("own.example:/c", "none"))
        self.assertEqual(alone.warnings, ())

    def test_login_host(self):
        """No app can be installed where people sign in."""
        for host in ("auth.localhost", "AUTH.localhost"):
            error = self.failureResultOf(self.install(f"{host}:/a"), BadRequest).value
            self.assertIn("where people sign in", error.message)


class ChangedSettingTests(SynchronousTestCase):
    def setUp(self):
        self.house = House(policy=POLICY, refuses_shared_hosts=True)
        self.house.sources.put_folder("/src", {"app.star": app_star(Demands())})
        for path in ("/a", "/b"):
            self.successResultOf(self.house.create(path, "/src"))

    def refused(self, identity, operation, query):
        changing = self.house.administration.perform_as(identity, operation, query)
        return self.failureResultOf(changing, BadRequest).value.message

    def test_names_what_is_seen(self):
        """A change of the auth setting that is refused for another app on the host names that app
        to whoever may see it.
        """
        admin = Identity(user_id="admin", assurance=Assurance.SSO)
        settings = UpdateSettings("/a", body=SettingsChange(authn_type="none"))
        change = MetadataChange(config_type="auth", config_entries=["none"])
        metadata = UpdateMetadata("/a", body=change)
        for operation, query in ((UPDATE_SETTINGS, settings), (UPDATE_METADATA, metadata)):
            for identity, named in ((admin, "/b on the same"), (ANN, "another app on the same")):
                told = self.refused(identity, operation, query)
                self.assertTrue(told.startswith(named), told)

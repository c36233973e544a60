"""Tests for apps that need a host of their own, in ``clace.operations.configured``."""

from datetime import UTC, datetime

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import BadRequest
from clace.model.app import App, AppSettings
from clace.operations.configured import ConfiguredSections


def is_seen(other):
    return other.path != "/unseen"


def app(path, setting):
    return App(
        id=f"app_prd_{path}",
        path=path,
        domain="staff.example.com",
        source_url="/src",
        create_time=datetime(2026, 1, 1, tzinfo=UTC),
        settings=AppSettings(authn_type=setting),
    )


class OwnHostTests(SynchronousTestCase):
    def setUp(self):
        self.configured = ConfiguredSections(needs_own_host=lambda setting: setting == "cert")

    def refused(self, setting, *others):
        check = self.configured.check_own_host
        error = self.assertRaises(BadRequest, check, setting, others, is_seen)
        return error.message

    def test_alone(self):
        """An app may have a host of its own, whatever it asks for."""
        self.configured.check_own_host("cert", (), is_seen)

    def test_beside_another(self):
        """An app that needs one is not installed beside others, and is named in the refusal."""
        self.assertIn(
            "staff.example.com:/x is on the same", self.refused("cert", app("/x", "none"))
        )

        self.assertIn("another app is on the same", self.refused("cert", app("/unseen", "none")))

    def test_another_beside_it(self):
        """No other app is installed beside one that needs a host of its own."""
        self.refused("none", app("/x", "none"), app("/y", "cert"))
        self.refused("cert", app("/y", "cert"))

    def test_usual(self):
        """Apps that do not need one share hosts as they like."""
        self.configured.check_own_host("none", (app("/x", "system"), app("/y", "none")), is_seen)
        ConfiguredSections().check_own_host("cert", (app("/x", "cert"),), is_seen)

"""Linking accounts of plugins to apps; the contract of administrations has more."""

from clace.admin_api.settings import LINK_ACCOUNT, LinkAccount
from clace.model.app import AccountLink, Demands
from tests.operations.test_administration import HouseCase

ACCOUNTS = Demands(("http.in#work",))


class LinkingTests(HouseCase):
    def link(self, plugin, account, **options):
        return self.successResultOf(
            self.house.administration.perform(
                LINK_ACCOUNT, LinkAccount("all", plugin=plugin, account=account, **options)
            )
        )

    def staging(self):
        return next(app for app in self.apps() if app.main_app)

    def test_app_that_waits_for_approval(self):
        """An app that does not run yet can be linked: its approval may wait for that."""
        self.put("one", ACCOUNTS)
        self.create()
        self.assertEqual(len(self.link("http.in#work", "work").staged_update_results), 1)

    def test_each_plugin_has_its_link(self):
        """A link replaces that of the same name only, and makes a version."""
        self.create()
        for plugin, account in (
            ("http.in", "work"),
            ("exec.in", "other"),
            ("http.in", "http.in"),
            ("exec.in", "other"),
        ):
            self.link(plugin, account)
        staging = self.staging()
        self.assertEqual(
            set(staging.metadata.accounts),
            {AccountLink("exec.in", "other"), AccountLink("http.in", "http.in")},
        )
        self.assertEqual(staging.version, 4)

    def test_survives_a_reload(self):
        """What is linked stays linked when the source changes."""
        self.create()
        self.link("http.in", "work", promote=True)
        self.put("two")
        self.reloaded(promote=True)
        links = {app.metadata.accounts for app in self.apps()}
        self.assertEqual(links, {(AccountLink("http.in", "work"),)})
        self.assertEqual(self.answer(), "two")

    def test_serves_on(self):
        """A linked app answers as before, in staging and promoted."""
        self.create()
        self.assertEqual(self.answer("/a_cl_stage"), "one")
        self.link("http.in", "work", promote=True)
        self.assertEqual((self.answer("/a"), self.answer("/a_cl_stage")), ("one", "one"))

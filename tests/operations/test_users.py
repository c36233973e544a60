"""Tests for ``clace.operations.users``: apps of users who are gone."""

from clace.admin_api.apps import CREATE_APP, CreateApp, NewApp
from clace.admin_api.users import CHANGE_USER, DELETE_USER, ChangeUser, NamedUser, UserChange
from clace.model.identity import Assurance, Identity
from clace.model.rbac import Grant, Policy
from tests.operations.house import House
from tests.operations.test_administration import HouseCase

HASH = "$2b$04$" + "a" * 53
ANN = Identity(user_id="builtin:ann", assurance=Assurance.PASSWORD)


class OwnerTests(HouseCase):
    def setUp(self):
        super().setUp()
        grant = Grant(users=(ANN.user_id,), roles=("clace-developer",), targets=("all",))
        self.house = House(policy=Policy(enabled=True, grants=(grant,)))
        self.put("one")

    def change(self, name="ann", **options):
        query = ChangeUser(UserChange(password=HASH), name, **options)
        return self.perform(CHANGE_USER, query).warnings

    def perform(self, operation, query):
        return self.successResultOf(self.house.administration.perform(operation, query))

    def delete(self, name="ann"):
        return self.perform(DELETE_USER, NamedUser(name)).warnings

    def own(self, *paths):
        for path in paths:
            query = CreateApp(NewApp(path=path, source_url="/src"))
            made = self.house.administration.perform_as(ANN, CREATE_APP, query)
            self.successResultOf(made)

    def test_nothing(self):
        """Who owns nothing leaves nothing to tell of."""
        self.create("/others")
        self.assertEqual(self.change(), ())
        self.assertEqual(self.delete(), ())

    def test_told(self):
        """The apps of a user who is deleted are named, as they are when the name comes again: an
        app is its creator's by the name.
        """
        self.change()
        self.own("/b", "/a")
        told = (
            "ann owned /a, /b: a new user of the name would own them; to give them to somebody "
            "else: clace app update-settings owner"
        )
        self.assertEqual(self.delete(), (told,))
        told = (
            "ann owns /a, /b of an earlier user of that name; to give them to somebody else: "
            "clace app update-settings owner"
        )
        self.assertEqual(self.change(), (told,))
        self.assertEqual(self.change(update=True), ())
        self.assertEqual(self.change("bob"), ())

    def test_many(self):
        """Of many apps the first are named."""
        self.change()
        self.own(*(f"/{number}" for number in range(7)))
        self.assertIn("/0, /1, /2, /3, /4 and 2 more:", self.delete()[0])

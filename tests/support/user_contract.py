"""The promises of rows of users."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace
from zope.interface.verify import verifyObject

from clace.errors import UserExists
from clace.interfaces import IUserRows, StoredUser, UserLink

BEGIN = datetime(2026, 11, 23, 12, 0, 0, 1, UTC)
LATER = BEGIN + timedelta(1)


class UserRowsContract:
    """Mix into ``SynchronousTestCase``; over rows without users."""

    def make_rows(self):
        """An ``IUserRows`` without users."""
        raise NotImplementedError

    def setUp(self):
        super().setUp()
        self.rows = self.make_rows()

    def user(self, name="ann", **fields):
        whole = {"password": "$2b$x", "create_time": BEGIN, "update_time": BEGIN}
        return StoredUser(name=name, **{**whole, **fields})

    def store(self, user, link=None):
        return self.rows.change(user.name, lambda _before: user, link)

    def test_is_rows(self):
        """It fills the seam."""
        verifyObject(IUserRows, self.rows)

    def test_stores(self):
        """A user is kept whole, and listed by name."""
        ann = self.user(groups=("staff", "é, x"))
        self.assertEqual(self.rows.all(), ())
        self.store(ann)
        for name in ("Zoe", "bob"):
            self.store(self.user(name))
        self.assertEqual([row.name for row in self.rows.all()], ["Zoe", "ann", "bob"])
        self.assertIn(ann, self.rows.all())

    def test_changes(self):
        """A change is given the row before it; the time of creation stays."""
        seen = []

        def changed(before):
            seen.append(before)
            return self.user(groups=("a",), create_time=LATER, update_time=LATER)

        for _ in range(2):
            self.rows.change("ann", changed)
        self.rows.change("ann", lambda before: replace(before, create_time=BEGIN))
        self.assertIsNone(seen[0])
        self.assertEqual(seen[1].groups, ("a",))
        (row,) = self.rows.all()
        self.assertEqual((row.create_time, row.update_time), (LATER, LATER))

    def test_change_refused(self):
        """A change that raises leaves everything as it was."""
        self.store(self.user())

        def change(_before):
            raise UserExists("no")

        link = UserLink("d", "ann", LATER)
        self.assertRaises(UserExists, self.rows.change, "ann", change, link)
        self.assertEqual(self.rows.all(), (self.user(),))
        self.assertIsNone(self.rows.link("d", BEGIN))

    def test_deletes(self):
        """A deleted user is gone with the links, and cannot be deleted again."""
        self.store(self.user(), UserLink("d", "ann", LATER))
        self.assertTrue(self.rows.delete("ann"))
        self.assertFalse(self.rows.delete("ann"))
        self.assertEqual(self.rows.all(), ())
        self.assertIsNone(self.rows.link("d", BEGIN))

    def test_link(self):
        """A link sets the password once."""
        self.store(self.user(password="", groups=("a",)), UserLink("d", "ann", LATER))
        self.assertEqual(self.rows.link("d", BEGIN), UserLink("d", "ann", LATER))
        self.assertIsNone(self.rows.link("e", BEGIN))
        used = self.rows.use_link("d", BEGIN, "$2b$new")
        self.assertEqual(used, self.user(password="$2b$new", groups=("a",)))
        self.assertEqual(self.rows.all(), (used,))
        self.assertIsNone(self.rows.link("d", BEGIN))
        self.assertIsNone(self.rows.use_link("d", BEGIN, "$2b$other"))

    def test_link_without_a_password(self):
        """A link that is used up without a password is gone too."""
        self.store(self.user(password=""), UserLink("d", "ann", LATER))
        self.assertEqual(self.rows.use_link("d", BEGIN, "").password, "")
        self.assertIsNone(self.rows.link("d", BEGIN))

    def test_link_too_old(self):
        """A link ends with its time."""
        self.store(self.user(password=""), UserLink("d", "ann", LATER))
        self.assertIsNone(self.rows.link("d", LATER))
        self.assertIsNone(self.rows.use_link("d", LATER, "$2b$new"))
        self.assertEqual(self.rows.all()[0].password, "")

    def test_newer_link(self):
        """A newer link and another password end a link; other changes do not."""
        self.store(self.user(password=""), UserLink("d", "ann", LATER))
        self.store(self.user("bob"), UserLink("b", "bob", LATER))
        self.store(self.user(password="", groups=("a",)))
        self.assertIsNotNone(self.rows.link("d", BEGIN))
        self.store(self.user(password=""), UserLink("e", "ann", LATER))
        self.assertIsNone(self.rows.link("d", BEGIN))
        self.store(self.user(password="$2b$set"))
        self.assertIsNone(self.rows.link("e", BEGIN))
        self.assertIsNotNone(self.rows.link("b", BEGIN))

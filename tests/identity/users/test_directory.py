"""Users of the database and of the configuration, and changes of them."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from clace.errors import BadRequest, LinkUsed, NoSuchUser, UserExists
from clace.identity.users import Users, UserSurroundings
from clace.interfaces import IUsers, User
from clace.model.user_names import check_name, tidy_groups
from tests.identity.passwords.support import SlowThreads
from tests.support.memory_users import MemoryUserRows, memory_users

HASH = "$2b$04$" + "a" * 53
OTHER = "$2b$05$" + "b" * 53
STATIC = User(name="sam", password=HASH, groups=("file",), is_static=True)
GOOD = "correct horse battery"


class UsersTests(SynchronousTestCase):
    def setUp(self):
        self.clock = Clock()
        self.rows = MemoryUserRows()
        self.ended = []
        self.users = self.make()

    def make(self, *static):
        users = memory_users(self.clock, static or (STATIC,), self.rows)
        users.changed = self.ended.append
        return users

    def add(self, name="ann", password=HASH, groups=("a",), **options):
        return self.successResultOf(self.users.add(name, password, groups, **options))

    def update(self, name="ann", password="", groups=None, **options):
        return self.successResultOf(self.users.update(name, password, groups, **options))

    def entries(self):
        return [
            (each.user.name, each.user.is_static, each.overridden) for each in self.users.entries()
        ]

    def test_is_users(self):
        """It fills the seam."""
        verifyObject(IUsers, self.users)

    def test_finds(self):
        """A user is found by name and by id, at once and after a start."""
        self.add()
        expected = User(name="ann", password=HASH, groups=("a",))
        for users in (self.users, self.make()):
            self.assertEqual(users.find("ann"), expected)
            self.assertEqual(users.of("builtin:ann"), expected)
            self.assertEqual(users.find("sam"), STATIC)
        for user_id in ("ann", "github:ann", "builtin:", "builtin:bob", ""):
            self.assertIsNone(self.users.of(user_id), user_id)

    def test_dynamic_shadows_static(self):
        """A user of the database counts before one of the configuration."""
        self.add()
        self.assertEqual(self.entries(), [("ann", False, False), ("sam", True, False)])
        self.update("sam", OTHER, ("db",))
        self.assertEqual(self.users.find("sam").password, OTHER)
        self.assertEqual(self.entries()[1:], [("sam", False, False), ("sam", True, True)])
        self.successResultOf(self.users.delete("sam"))
        self.assertEqual(self.users.find("sam"), STATIC)

    def test_static_is_kept(self):
        """A user of the configuration is not added again, and not deleted here."""
        self.failureResultOf(self.users.add("sam", HASH, ()), UserExists)
        refused = self.failureResultOf(self.users.delete("sam"), BadRequest)
        self.assertIn("[builtin_auth.sam]", refused.value.message)

    def test_unknown_is_not_deleted(self):
        """Who would be deleted is not to be added first; a name like it may be meant."""
        for name, told in (
            ("bob", "user bob does not exist"),
            ("samm", "user samm does not exist; did you mean sam?"),
        ):
            refused = self.failureResultOf(self.users.delete(name), NoSuchUser)
            self.assertEqual(refused.value.message, told)

    def test_refuses(self):
        """A malformed name or hash, neither or both of hash and invitation, and a name that is
        taken are refused, and nothing is stored.
        """
        self.assertIsNone(self.add())
        before = self.rows.all()
        for name, password, invite in (
            ("a b", HASH, False),
            ("", HASH, False),
            ("bob", "", False),
            ("bob", "sesame", False),
            ("bob", HASH, True),
        ):
            refused = self.users.add(name, password, (), invite=invite)
            self.failureResultOf(refused, BadRequest)
        self.failureResultOf(self.users.add("ann", OTHER, ()), UserExists)
        for password, invite in (("sesame", False), (OTHER, True)):
            refused = self.users.update("ann", password, None, invite=invite)
            self.failureResultOf(refused, BadRequest)
        self.failureResultOf(self.users.update("bob", OTHER, None), NoSuchUser)
        self.assertEqual(self.rows.all(), before)

    def test_dry_changes(self):
        """A dry run refuses what the change would, stores nothing and invites nobody."""
        self.add()
        before = self.rows.all()
        self.assertIsNone(self.add("bob", "", invite=True, dry_run=True))
        for name in ("ann", "sam"):
            self.failureResultOf(self.users.add(name, HASH, (), dry_run=True), UserExists)
            self.assertIsNone(self.update(name, OTHER, ("x",), dry_run=True))
        self.failureResultOf(self.users.update("bob", OTHER, None, dry_run=True), NoSuchUser)
        self.assertEqual(self.rows.all(), before)
        self.assertEqual(self.ended, [])

    def test_update_time(self):
        """A row tells when it was changed last."""
        self.add()
        self.clock.advance(5)
        self.update(password=OTHER)
        self.assertEqual(self.rows.all()[0].update_time.timestamp(), self.clock.seconds())
        self.clock.advance(5)
        self.successResultOf(self.users.change_password("ann", GOOD))
        (row,) = self.rows.all()
        self.assertEqual(row.update_time.timestamp(), self.clock.seconds())
        self.assertEqual(row.create_time.timestamp(), self.clock.seconds() - 10)

    def test_dry_deletion(self):
        """A dry run deletes nobody, be it a user whom another process of the server has added."""
        other = self.make()
        self.successResultOf(other.add("ann", HASH, ()))
        for users in (self.users, other):
            self.successResultOf(users.delete("ann", dry_run=True))
            self.failureResultOf(users.delete("sam", dry_run=True), BadRequest)
            self.failureResultOf(users.delete("bob", dry_run=True), NoSuchUser)
        self.assertEqual([row.name for row in self.rows.all()], ["ann"])
        self.assertEqual(self.ended, [])

    def test_updates_static(self):
        """An update keeps what the configuration says and the operator does not."""
        self.update("sam", groups=("x",))
        self.assertEqual(self.users.find("sam").password, HASH)
        self.update("sam", OTHER)
        self.assertEqual(self.users.find("sam").groups, ("x",))

    def test_ends_sessions(self):
        """Another password, other groups and a deletion end sessions; a new user does not.

        Other rights come with another session: whoever knows the old one has none of them.
        """
        self.add(groups=("a", "b"))
        self.update(groups=("b", "a"))
        self.update(password=HASH)
        self.assertEqual(self.ended, [])
        self.update(password=OTHER)
        self.assertEqual(self.ended, ["builtin:ann"])
        self.update(groups=("b",))
        self.assertEqual(self.ended, ["builtin:ann"] * 2)
        self.successResultOf(self.users.delete("ann"))
        self.assertEqual(self.ended, ["builtin:ann"] * 3)

    def test_fingerprint(self):
        """A fingerprint is of a user's password and groups, and of nobody once that is gone."""
        self.add()
        self.add("bob")
        first = self.users.fingerprint("builtin:ann")
        self.assertNotEqual(first, self.users.fingerprint("builtin:bob"))
        self.assertNotIn(HASH, first)
        self.update(groups=())
        other = self.users.fingerprint("builtin:ann")
        self.assertNotEqual(other, first)
        self.update(groups=("a",))
        self.assertEqual(self.users.fingerprint("builtin:ann"), first)
        self.update(password=OTHER)
        self.assertNotEqual(self.users.fingerprint("builtin:ann"), first)
        self.successResultOf(self.users.delete("ann"))
        self.assertEqual(self.users.fingerprint("builtin:ann"), "")

    def test_reads_again(self):
        """What the configuration and the database say now holds without a start."""
        self.add()
        elsewhere = self.make()
        self.successResultOf(elsewhere.update("ann", OTHER, ()))
        self.ended.clear()
        changed = User(name="sam", password=OTHER, is_static=True)
        new = User(name="new", password=HASH, is_static=True)
        self.successResultOf(self.users.read_again({"sam": changed, "new": new}))
        self.assertEqual(self.users.find("ann").password, OTHER)
        self.assertEqual(self.users.find("sam"), changed)
        self.assertEqual(self.users.find("new"), new)
        self.assertEqual(sorted(self.ended), ["builtin:ann", "builtin:sam"])
        self.ended.clear()
        self.successResultOf(self.users.read_again({}))
        self.assertIsNone(self.users.find("sam"))
        self.assertEqual(sorted(self.ended), ["builtin:new", "builtin:sam"])

    def test_costs(self):
        """Costs are those of the hashes that count, after every change."""
        self.assertEqual(self.users.hash_costs(), (4,))
        self.add(password=OTHER)
        self.assertEqual(self.users.hash_costs(), (5, 4))
        self.update("sam", OTHER)
        self.assertEqual(self.users.hash_costs(), (5, 5))
        self.successResultOf(self.users.delete("ann"))
        self.assertEqual(self.users.hash_costs(), (5,))
        self.update("sam", OTHER.replace("$05$", "$12$"))
        self.assertEqual(self.users.hash_costs(), (12,))


class LinkTests(SynchronousTestCase):
    """First sign-ins by a link."""

    def setUp(self):
        self.clock = Clock()
        self.users = memory_users(self.clock)
        self.ended = []
        self.users.changed = self.ended.append

    def invite(self, name="ann"):
        return self.successResultOf(self.users.add(name, "", ("a",), invite=True)).token

    def test_sets_a_password_once(self):
        """A link sets the password of its user, and then is worth nothing."""
        token = self.invite()
        self.assertEqual(self.users.find("ann").password, "")
        self.assertEqual(self.successResultOf(self.users.invited(token)).name, "ann")
        user = self.successResultOf(self.users.accept(token, GOOD))
        self.assertEqual((user.name, user.groups), ("ann", ("a",)))
        self.assertEqual(self.users.find("ann").password[:7], "$2b$10$")
        for again in (self.users.invited(token), self.users.accept(token, GOOD)):
            self.failureResultOf(again, LinkUsed)

    def test_keeps_the_link_for_a_better_password(self):
        """A password that breaks a rule leaves the link."""
        token = self.invite()
        self.failureResultOf(self.users.accept(token, "short"), BadRequest)
        self.successResultOf(self.users.accept(token, GOOD))

    def test_without_a_password(self):
        """A link may be used up by a user who chooses another proof than a password."""
        token = self.invite()
        user = self.successResultOf(self.users.accept_without_password(token))
        self.assertEqual((user.name, user.password), ("ann", ""))
        self.assertEqual(self.users.find("ann"), user)
        again = self.users.accept_without_password(token)
        self.failureResultOf(again, LinkUsed)

    def test_ends(self):
        """A link ends after three days, with a newer one, and with the user."""
        old, token = self.invite(), ""
        token = self.successResultOf(self.users.update("ann", "", None, invite=True)).token
        self.failureResultOf(self.users.invited(old), LinkUsed)
        self.clock.advance(3 * 24 * 3600 - 1)
        self.successResultOf(self.users.invited(token))
        self.clock.advance(1)
        self.failureResultOf(self.users.invited(token), LinkUsed)
        self.failureResultOf(self.users.accept(token, GOOD), LinkUsed)
        token = self.invite("bob")
        self.successResultOf(self.users.delete("bob"))
        self.failureResultOf(self.users.accept(token, GOOD), LinkUsed)

    def test_takes_the_password(self):
        """An invitation ends the password and the sessions of the user."""
        self.successResultOf(self.users.add("ann", HASH, ()))
        self.successResultOf(self.users.update("ann", "", None, invite=True))
        self.assertEqual(self.users.find("ann").password, "")
        self.assertEqual(self.ended, ["builtin:ann"])

    @given(st.text(max_size=60))
    def test_no_other_token(self, token):
        """No other text is a link, not even one that is no text."""
        self.failureResultOf(self.users.invited("\ud800"), LinkUsed)
        if not token.startswith("token"):
            self.failureResultOf(self.users.invited(token), LinkUsed)


class OwnPasswordTests(SynchronousTestCase):
    def setUp(self):
        self.users = memory_users(Clock(), (STATIC,))
        self.ended = []
        self.users.changed = self.ended.append

    def test_changes(self):
        """A user chooses another password; those of the configuration come to the database."""
        user = self.successResultOf(self.users.change_password("sam", GOOD))
        self.assertEqual((user.groups, user.is_static), (("file",), False))
        self.assertNotEqual(user.password, HASH)
        self.assertEqual(self.ended, ["builtin:sam"])

    def test_rules(self):
        """What is too short, too long or made of the name is refused."""
        for password in (
            "",
            "elevenchars",
            "samsamsamsamsam",
            "abababababab",
            "x y z" * 15,
            "a\0" * 9,
        ):
            self.failureResultOf(self.users.change_password("sam", password), BadRequest)
        self.failureResultOf(self.users.change_password("bob", GOOD), NoSuchUser)
        self.assertEqual(self.ended, [])


class NameTests(SynchronousTestCase):
    @given(st.text(max_size=140))
    def test_names(self, name):
        """A name that is taken makes an id that says it whole, on one line."""
        try:
            check_name(name)
        except BadRequest:
            return
        self.assertEqual(f"builtin:{name}".split(":"), ["builtin", name])
        self.assertEqual(name.split(), [name])
        self.assertTrue(name.isprintable())

    @given(st.lists(st.text(max_size=6), max_size=6))
    def test_groups(self, groups):
        """Groups that are taken survive being written with commas."""
        try:
            tidy = tidy_groups(groups)
        except BadRequest:
            return
        self.assertEqual(tuple(filter(None, map(str.strip, ",".join(tidy).split(",")))), tidy)
        self.assertEqual(set(tidy), set(groups))


class ParallelTests(SynchronousTestCase):
    """With threads that take their time."""

    def setUp(self):
        self.threads = SlowThreads()
        around = UserSurroundings(self.threads, self.threads, Clock().seconds, str)
        self.rows = MemoryUserRows()
        self.users = Users({}, self.rows, around)

    def begin(self, work):
        return Deferred.fromCoroutine(work)

    def test_reading_loses_no_change(self):
        """A change while all are read again counts, whichever ends first."""
        reading = self.begin(self.users.read_again({"sam": STATIC}))
        adding = self.begin(self.users.add("ann", HASH, ()))
        again = self.begin(self.users.read_again({}))
        self.threads.finish_all()
        for each in (reading, adding, again):
            self.successResultOf(each)
        self.assertEqual(self.users.find("ann").password, HASH)
        self.assertIsNone(self.users.find("sam"))

    def test_changes_count_in_order(self):
        """Of two changes at once the last one that was stored counts."""
        both = [self.begin(self.users.add("ann", HASH, ()))]
        both.append(self.begin(self.users.update("ann", OTHER, None)))
        self.assertEqual(len(self.threads.work), 1)
        self.threads.finish_all()
        for each in both:
            self.successResultOf(each)
        self.assertEqual(self.users.find("ann").password, OTHER)
        self.assertEqual(self.rows.all()[0].password, OTHER)

    def test_link_used_twice_at_once(self):
        """Of two who use a link at the same time one sets the password."""
        adding = self.begin(self.users.add("ann", "", (), invite=True))
        self.threads.finish_all()
        token = self.successResultOf(adding).token
        first, second = (self.begin(self.users.accept(token, f"{GOOD} {n}")) for n in range(2))
        self.threads.finish_all()
        user = self.successResultOf(first)
        self.failureResultOf(second, LinkUsed)
        self.assertEqual(self.users.find("ann"), user)
        self.assertEqual(self.rows.all()[0].password, user.password)

    def test_refusal_holds_up_nobody(self):
        """A change that is refused lets the next one begin."""
        refused = self.begin(self.users.update("bob", HASH, None))
        adding = self.begin(self.users.add("ann", HASH, ()))
        self.threads.finish_all()
        self.failureResultOf(refused, NoSuchUser)
        self.successResultOf(adding)

"""The promises of the rows of sessions."""

from msgspec.structs import replace
from zope.interface.verify import verifyObject

from clace.interfaces import ISessionRows, Session
from clace.model.identity import Assurance, Identity


def session(digest=b"1" * 32, **fields):
    whole = {
        "name": f"ses_{digest[:1].decode()}",
        "host": "localhost",
        "setting": "system",
        "identity": Identity(
            user_id="admin", groups=("a", "b"), assurance=Assurance.PASSWORD, session_id="ses_1"
        ),
        "fingerprint": "f",
        "made": 10.5,
        "seen": 11.25,
        "until": 100.0,
        "key_id": "k",
        "sealed": b"\0\xff",
    }
    return Session(digest=digest, **whole | fields)


class SessionRowsContract:
    """Mix into ``SynchronousTestCase``; over rows that are empty."""

    def make_rows(self):
        """An ``ISessionRows`` without rows."""
        raise NotImplementedError

    def setUp(self):
        super().setUp()
        self.rows = self.make_rows()

    def test_is_rows(self):
        """It fills the seam."""
        verifyObject(ISessionRows, self.rows)

    def test_add(self):
        """A session that was added is found by its digest, whole."""
        self.rows.add(session())
        self.assertEqual(self.rows.find(b"1" * 32), session())
        self.assertIsNone(self.rows.find(b"2" * 32))

    def test_all(self):
        """All are listed, the newest first."""
        old, new = session(b"1" * 32), session(b"2" * 32, made=20.0)
        for one in (old, new):
            self.rows.add(one)
        self.assertEqual(self.rows.all(), (new, old))

    def test_touch(self):
        """The last use is kept; a session that is gone does not come back."""
        self.rows.add(session())
        self.rows.touch({})
        self.rows.touch({b"1" * 32: 50.0, b"2" * 32: 60.0})
        self.assertEqual(self.rows.all(), (replace(session(), seen=50.0),))

    def test_renew(self):
        """Groups and evidence change, and nothing else; a session that is gone stays gone."""
        self.rows.add(session())
        identity = replace(session().identity, groups=("new",))
        renewed = replace(session(), identity=identity, key_id="k2", sealed=b"new")
        self.rows.renew(replace(renewed, seen=99.0, host="other"))
        self.assertEqual(self.rows.all(), (renewed,))
        self.rows.renew(session(b"2" * 32, name="ses_2"))
        self.assertEqual(self.rows.all(), (renewed,))

    def test_delete(self):
        """Sessions that are deleted are gone, and the number of them is told."""
        for digit in (b"1", b"2", b"3"):
            self.rows.add(session(digit * 32))
        self.assertEqual(self.rows.delete([b"1" * 32, b"3" * 32, b"9" * 32]), 2)
        self.assertEqual(self.rows.delete([]), 0)
        self.assertEqual([row.digest for row in self.rows.all()], [b"2" * 32])

"""What all rows of API tokens promise."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace
from zope.interface.verify import verifyObject

from clace.errors import StoreError
from clace.interfaces import APIToken, ITokenRows

BEGIN = datetime(2026, 11, 23, 12, 0, 0, 1, UTC)


def api_token(token_id="tok_1", digest="d1", **fields):
    whole = {
        "user_id": "github:ann",
        "groups": ("ops", "é"),
        "permissions": ("app:read", "custom:x"),
        "apps": ("/a/**",),
        "description": "for é",
        "create_time": BEGIN,
        "expire_time": BEGIN + timedelta(30),
    }
    return APIToken(id=token_id, digest=digest, **{**whole, **fields})


class TokenRowsContract:
    """Mix into ``SynchronousTestCase``; over rows that there are none of."""

    def make_rows(self):
        """An ``ITokenRows`` without rows."""
        raise NotImplementedError

    def setUp(self):
        super().setUp()
        self.rows = self.make_rows()

    def test_is_rows(self):
        """It fills the seam."""
        verifyObject(ITokenRows, self.rows)

    def test_add(self):
        """What was added is found by its digest, whole."""
        self.rows.add(api_token())
        self.assertEqual(self.rows.find("d1"), api_token())
        self.assertIsNone(self.rows.find("d2"))
        self.assertIsNone(self.rows.find("tok_1"))

    def test_all(self):
        """All are listed, the newest first."""
        later = api_token("tok_2", "d2", create_time=BEGIN + timedelta(1))
        self.rows.add(api_token())
        self.rows.add(later)
        self.assertEqual(self.rows.all(), (later, api_token()))

    def test_one_of_each(self):
        """Two tokens never share an id or a digest."""
        self.rows.add(api_token())
        for other in (api_token("tok_2"), api_token(digest="d2")):
            self.assertRaises(StoreError, self.rows.add, other)
        self.assertEqual(self.rows.all(), (api_token(),))

    def test_touch(self):
        """The last use is kept, and nothing else changes; what is gone stays gone."""
        self.rows.add(api_token())
        self.rows.touch({"tok_1": BEGIN, "tok_9": BEGIN})
        self.assertEqual(self.rows.all(), (replace(api_token(), use_time=BEGIN),))
        self.rows.touch({})

    def test_delete(self):
        """What was deleted is gone, and only that."""
        self.rows.add(api_token())
        self.rows.add(api_token("tok_2", "d2"))
        self.assertTrue(self.rows.delete("tok_1"))
        self.assertFalse(self.rows.delete("tok_1"))
        self.assertIsNone(self.rows.find("d1"))
        self.assertEqual(len(self.rows.all()), 1)

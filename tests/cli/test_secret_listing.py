"""Tests for ``clace.cli.secret_listing``."""

import json
from datetime import UTC, datetime

from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.secrets import SecretDescription
from clace.cli.secret_listing import FORMATS

MOMENT = datetime(2026, 11, 23, 1, 2, 3, 4, UTC)
ONE = SecretDescription("db_pw", "key1", "admin", MOMENT, MOMENT, 'for "x", y')
TWO = SecretDescription("z", "key2", "admin", MOMENT, MOMENT)


class ListingTests(SynchronousTestCase):
    def test_table(self):
        """All that is known, in columns, with times to the second."""
        head, first, second = FORMATS["table"]((ONE, TWO)).splitlines()
        self.assertEqual(head.split(), ["Name", "KeyId", "CreatedBy", "UpdateTime", "Description"])
        self.assertEqual(
            first, f'{"db_pw":<40} {"key1":<20} {"admin":<20} 2026-11-23 01:02:03  for "x", y'
        )
        self.assertEqual(second, second.rstrip())

    def test_basic(self):
        """Names, and what they are for."""
        self.assertEqual(FORMATS["basic"]((TWO,)), f"{'Name':<40} Description\nz\n")

    def test_csv(self):
        """No header, and what would break a line is quoted."""
        self.assertEqual(
            FORMATS["csv"]((ONE,)), 'db_pw,key1,admin,2026-11-23 01:02:03,"for ""x"", y"\n'
        )

    def test_json(self):
        """The objects of the admin API: in an array, one a line, or one after the other."""
        self.assertEqual(FORMATS["json"](()), "[]\n")
        self.assertEqual(
            [each["name"] for each in json.loads(FORMATS["json"]((ONE, TWO)))], ["db_pw", "z"]
        )
        lines = FORMATS["jsonl"]((ONE, TWO)).splitlines()
        self.assertEqual([json.loads(line)["key_id"] for line in lines], ["key1", "key2"])
        pretty = FORMATS["jsonl_pretty"]((ONE, TWO))
        self.assertEqual(pretty.count("\n}\n"), 2)
        self.assertNotIn("\n\n", pretty)

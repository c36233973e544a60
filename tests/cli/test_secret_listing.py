"""Tests for ``clace.cli.secret_listing``."""

import json
from datetime import UTC, datetime

from twisted.trial.unittest import SynchronousTestCase

from clace.cli.secret_listing import render
from clace.model.results import SecretDescription

MOMENT = datetime(2026, 11, 23, 1, 2, 3, 4, UTC)
ONE = SecretDescription("db_pw", "key1", "admin", MOMENT, MOMENT, 'for "x", y')
TWO = SecretDescription("z", "key2", "admin", MOMENT, MOMENT)


class ListingTests(SynchronousTestCase):
    def test_table(self):
        """All that is known, in columns, with times to the second."""
        head, first, second = render((ONE, TWO), "table").splitlines()
        self.assertEqual(head.split(), ["Name", "KeyId", "CreatedBy", "UpdateTime", "Description"])
        self.assertEqual(
            first, f'{"db_pw":<40} {"key1":<20} {"admin":<20} 2026-11-23 01:02:03  for "x", y'
        )
        self.assertEqual(second, second.rstrip())

    def test_basic(self):
        """Names, and what they are for."""
        self.assertEqual(render((TWO,), "basic"), f"{'Name':<40} Description\nz\n")

    def test_csv(self):
        """No header, and what would break a line is quoted."""
        self.assertEqual(
            render((ONE,), "csv"), 'db_pw,key1,admin,2026-11-23 01:02:03,"for ""x"", y"\n'
        )

    def test_json(self):
        """The objects of the admin API: in an array, one a line, or one after the other."""
        self.assertEqual(render((), "json"), "[]\n")
        self.assertEqual(
            [each["name"] for each in json.loads(render((ONE, TWO), "json"))], ["db_pw", "z"]
        )
        lines = render((ONE, TWO), "jsonl").splitlines()
        self.assertEqual([json.loads(line)["key_id"] for line in lines], ["key1", "key2"])
        pretty = render((ONE, TWO), "jsonl_pretty")
        self.assertEqual(pretty.count("\n}\n"), 2)
        self.assertNotIn("\n\n", pretty)

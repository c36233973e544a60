"""Tests for ``clace.model.app`` and ``clace.model.ids``."""

import msgspec
from hypothesis import given
from twisted.trial.unittest import SynchronousTestCase

from clace.model.app import App, AppKind, AppMetadata, ArgumentConstraint, Demands, Permission
from clace.model.ids import ksuid
from tests.model.strategies import demands, permissions


class DemandsTests(SynchronousTestCase):
    @given(demands)
    def test_nothing_is_missing_from_itself(self, wanted):
        """What was approved as a whole needs nothing more, in any order."""
        shuffled = Demands(wanted.loads[::-1], wanted.permissions[::-1])
        self.assertFalse(wanted.missing_from(shuffled))

    @given(demands, demands)
    def test_missing_completes(self, wanted, approved):
        """Approving what is missing is enough, and it was not approved before."""
        missing = wanted.missing_from(approved)
        both = Demands(approved.loads + missing.loads, approved.permissions + missing.permissions)
        self.assertFalse(wanted.missing_from(both))
        self.assertFalse(set(missing.loads) & set(approved.loads))
        self.assertFalse(set(missing.permissions) & set(approved.permissions))


class AppTests(SynchronousTestCase):
    def test_json_has_the_names_of_era_25(self):
        """An app on the wire has the fields that a client of 2025 reads."""
        shown = msgspec.to_builtins(App(id="app_prd_1", path="/a"))
        self.assertEqual(
            list(shown)[:9],
            [
                "id",
                "path",
                "domain",
                "main_app",
                "source_url",
                "is_dev",
                "user_id",
                "create_time",
                "update_time",
            ],
        )
        self.assertEqual(shown["metadata"]["version_metadata"]["version"], 0)

    def test_permission_of_era_25(self):
        """What a client of 2025 does not know of a permission is only written if it is set."""
        plain = {"plugin": "p", "method": "m", "arguments": [], "is_read": None, "secrets": []}
        self.assertEqual(msgspec.json.decode(msgspec.json.encode(Permission("p", "m"))), plain)
        full = Permission("p", "m", permit=("a",), kwargs=(ArgumentConstraint("n", "v"),))
        written = msgspec.json.decode(msgspec.json.encode(full))
        self.assertEqual(
            written, {**plain, "permit": ["a"], "kwargs": [{"name": "n", "value": "v"}]}
        )

    @given(permissions)
    def test_permission_is_stored_whole(self, permission):
        """What is read is what was written."""
        self.assertEqual(
            msgspec.json.decode(msgspec.json.encode(permission), type=Permission), permission
        )

    def test_stored_by_older_versions(self):
        """Metadata from before there was all that there is now can be read."""
        old = b'{"name": "A", "permissions": [{"plugin": "p", "method": "m", "arguments": ["a"]}]}'
        self.assertEqual(
            msgspec.json.decode(old, type=AppMetadata),
            AppMetadata("A", permissions=(Permission("p", "m", ("a",)),)),
        )

    def test_kind_is_in_the_id(self):
        """An app's id tells what it is for."""
        self.assertIs(App(id="app_stg_1", path="/").kind, AppKind.STAGING)


class KSUIDTests(SynchronousTestCase):
    def test_known_value(self):
        """Time and chance have their places: all zero and all one are the known bounds."""
        self.assertEqual(ksuid(1_400_000_000, bytes), "0" * 27)
        last = ksuid(1_400_000_000 + 2**32 - 1, lambda size: b"\xff" * size)
        self.assertEqual(last, "aWgEPTl1tmebfsQzFP4bxwgy80V")

    def test_sorts_by_time(self):
        """A later second sorts after, whatever the chance."""
        early = ksuid(1_700_000_000, lambda size: b"\xff" * size)
        late = ksuid(1_700_000_001, bytes)
        self.assertLess(early, late)

"""Tests for ``clace audit``."""

import csv
import io
import json

from twisted.trial.unittest import SynchronousTestCase

from clace.errors import StoreError
from clace.model.audit_filter import AuditFault, AuditHead, AuditVerification
from tests.support.audit_contract import event
from tests.support.command_line import CommandLineCase

HEAD = AuditHead(9, "a" * 64)


class AuditCommandTests(CommandLineCase, SynchronousTestCase):
    def record(self, *events):
        for one in events:
            self.administration.audit.record(one)

    def printed(self, *arguments):
        result = self.run_cli("audit", *arguments)
        self.assertEqual((result.stderr, result.exit_code), ("", 0))
        return result.stdout

    def chain(self, **found):
        """Let the chain be found so."""

        async def verify(known):
            self.known = known
            return AuditVerification(**found)

        self.administration.audit.verify = verify

    def test_list(self):
        """Time, user, operation, target and status, the newest event first."""
        self.record(event(1), event(10**9, user_id="jo", operation="sign_in", target="192.0.2.1"))
        head, *rows = self.printed("list").splitlines()
        self.assertEqual(head.split(), ["Time", "User", "Operation", "Target", "Status"])
        self.assertEqual(
            [row.split() for row in rows],
            [
                ["2023-11-14", "22:13:21", "jo", "sign_in", "192.0.2.1", "Success"],
                ["2023-11-14", "22:13:20", "admin", "reload_apps", "/disk", "Success"],
            ],
        )

    def test_formats(self):
        """It is printed in the formats of other lists."""
        self.record(event(1, detail="a, b"))
        (row,) = json.loads(self.printed("list", "-f", "json"))
        self.assertEqual(
            (row["rid"], row["operation"], row["detail"]), ("rid_1", "reload_apps", "a, b")
        )
        self.assertEqual(json.loads(self.printed("list", "--format=jsonl")), row)
        self.assertIn('"a, b"', self.printed("list", "-f", "csv"))
        self.assertIn("Rid", self.printed("list", "-f", "table").splitlines()[0])

    def test_filters(self):
        """Every filter narrows both a list and an export."""
        self.record(event(1), event(2, user_id="jo", status="Failed", rid="r", detail="wrong"))
        for arguments in (
            ("--user", "jo"),
            ("--status", "Failed"),
            ("--rid", "r"),
            ("--detail", "wr%"),
        ):
            for command in ("list", "export"):
                rows = self.printed(command, *arguments, "-f", "jsonl").splitlines()
                self.assertEqual([json.loads(row)["rid"] for row in rows], ["r"], arguments)
        for arguments in (("--app", "/x"), ("--type", "http"), ("--operation", "x")):
            self.assertEqual(self.printed("export", *arguments), "", arguments)
        for arguments in (("--target", "/x"), ("--start", "2024-01-01"), ("--end", "2023-11-13")):
            self.assertEqual(self.printed("export", *arguments), "", arguments)
        self.assertEqual(len(self.printed("list", "--limit", "1", "-f", "jsonl").splitlines()), 1)

    def test_refuses_bad_filters(self):
        """A date or a number that is none is an error, of a list and of an export."""
        expected = "error: x is no date, expected YYYY-MM-DD or YYYY-MM-DD HH:MM:SS, in UTC\n"
        self.fails(expected, "audit", "list", "--start", "x")
        self.fails(expected, "audit", "export", "--end", "x")
        for limit in ("x", "0", "-1", "10001", "9" * 30):
            told = f"error: limit is {limit}, expected 1 to 10000\n"
            self.fails(told, "audit", "list", "--limit", limit)
        for date in ("0001-01-01", "9999-12-31"):
            told = f"error: {date} is out of range, expected a year from 1678 to 2261\n"
            self.fails(told, "audit", "list", "--end", date)

    def test_list_of_nothing(self):
        """A list that is empty because of its filters says so."""
        self.record(event(1))
        result = self.run_cli("audit", "list", "--user", "nobody")
        self.assertEqual(result.exit_code, 0)
        self.assertEqual(result.stderr, "warning: no event passes all filters\n")
        self.assertEqual(self.run_cli("audit", "list").stderr, "")

    def test_exports_csv(self):
        """CSV has names in its first line, quotes what needs it, and makes no formulas."""
        self.record(event(1, user_id="=HYPERLINK(1)", detail='a "b",\nc'))
        names, row = csv.reader(io.StringIO(self.printed("export", "-f", "csv")))
        found = dict(zip(names, row, strict=True))
        self.assertEqual((found["user_id"], found["detail"]), ("'=HYPERLINK(1)", 'a "b",\nc'))
        self.assertEqual((found["sequence"], found["create_time"]), ("1", "2023-11-14 22:13:20"))

    def test_hostile_texts(self):
        """What strangers wrote drives no terminal, in any format."""
        self.record(event(1, user_id="eve\x1b]0;x\x07", target="a\nb"))
        for arguments in (("list",), ("list", "-f", "table"), ("export",), ("export", "-f", "csv")):
            self.assertTrue(self.printed(*arguments).replace("\n", "").isprintable(), arguments)

    def test_export_that_breaks_off(self):
        """An export that fails in its middle prints what came, an error, and exits with 1."""
        self.record(event(1))

        async def broken(_wanted):
            for entry in await self.administration.audit.entries(_wanted):
                yield (entry,)
            raise StoreError("disk full")

        self.administration.audit.pages = broken
        result = self.run_cli("audit", "export")
        self.assertEqual((len(result.stdout.splitlines()), result.exit_code), (1, 1))
        self.assertEqual(result.stderr, "error: disk full\n")

    def test_verify(self):
        """A whole log is told with its counts and its end, which is to be kept elsewhere."""
        self.chain(head=HEAD, rows=5, removed=3, unchained=1)
        self.prints(
            "5 row(s) verified, 3 removed by retention, 1 older than the chain.\n"
            f"The log ends with 9:{'a' * 64}\n",
            *("audit", "verify", "--head", str(HEAD)),
        )
        self.assertEqual(self.known, HEAD)

    def test_verify_of_a_broken_log(self):
        """The first row at fault is named, and the exit status is 1, in every format."""
        self.chain(fault=AuditFault(sequence=7, reason="changed", event=event()), rows=6)
        result = self.run_cli("audit", "verify")
        self.assertEqual(result.stderr, "error: the audit log breaks at row 7: changed\n")
        self.assertEqual(result.exit_code, 1)
        self.assertEqual(
            result.stdout,
            "6 row(s) verified.\nAt fault: 2023-11-14 22:13:20 admin reload_apps /disk Success\n",
        )
        result = self.run_cli("audit", "verify", "--format", "json")
        self.assertEqual((json.loads(result.stdout)["sequence"], result.exit_code), (7, 1))

    def test_verify_refuses_what_is_no_head(self):
        """A head that is none is an error, and nothing is verified."""
        expected = "error: 12 is no head of an audit log, expected NUMBER:HASH\n"
        self.fails(expected, "audit", "verify", "--head", "12")

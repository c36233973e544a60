"""The formats of a list of apps, column by column."""

from __future__ import annotations

import csv

from twisted.trial.unittest import SynchronousTestCase

from clace.admin_api.apps import AppListed
from clace.cli.listing import FORMATS
from clace.model.app import AppMetadata, AppSettings, VersionMetadata


def app(
    prefix="app_prd_", *, name="Disk", auth="default", commit="", ahead=False, spec="", found=""
):
    version = VersionMetadata(version=12, git_branch="main" if commit else "", git_commit=commit)
    return AppListed(
        id=prefix + "2abcdefghijklmnopqrstuvwxyz",
        path="/disk",
        domain="example.com",
        source_url="/src/disk",
        settings=AppSettings(auth),
        metadata=AppMetadata(name, version, spec=spec, recognised_spec=found),
        staged_changes=ahead,
    )


class ColumnTests(SynchronousTestCase):
    def column(self, start, end, **fields):
        return FORMATS["basic"]((app(**fields),)).splitlines()[1][start:end].strip()

    def test_types(self):
        """What an app is for follows from its id; a star says that staging is ahead."""
        for prefix, text in (
            ("app_prd_", "PROD"),
            ("app_dev_", "DEV"),
            ("app_stg_", "STG"),
            ("app_pre_", "VIEW"),
            ("app_new_", "----"),
        ):
            self.assertEqual(self.column(31, 36, prefix=prefix), text)
        self.assertEqual(self.column(31, 36, ahead=True), "PROD*")

    def test_authentication(self):
        """The known kinds in capitals, all others as they are."""
        for auth, text in (("none", "NONE"), ("system", "SYSTEM"), ("default", "DEFAULT")):
            self.assertEqual(self.column(42, 49, auth=auth), text)
        self.assertEqual(self.column(42, 49, auth="github"), "github")

    def test_versions_are_to_the_right(self):
        """Numbers end in the same column."""
        line = FORMATS["basic"]((app(),)).splitlines()[1]
        self.assertEqual(line[37:42], "  12 ")

    def test_long_names_push_the_rest(self):
        """Nothing is cut off."""
        name = "x" * 40
        self.assertIn(f"{name} PROD", FORMATS["basic"]((app(name=name),)))

    def test_specs(self):
        """The spec has a column of the table, which says who named it, and one of the CSV."""
        for fields, told, name in (
            ({"spec": "static"}, "static", "static"),
            ({"found": "static"}, "static (recognised)", "static"),
            ({}, "", ""),
        ):
            line = FORMATS["table"]((app(commit="0123", **fields),)).splitlines()[1]
            self.assertEqual(line[199:229].strip(), told)
            (row,) = csv.reader([FORMATS["csv"]((app(**fields),))])
            self.assertEqual(row[8], name)

    def test_table(self):
        """Nine columns under a header, without spaces at the end."""
        text = FORMATS["table"]((app(commit="0123456789abcdef0123456789"),))
        header, line = text.splitlines()
        starts = (0, 31, 67, 73, 81, 97, 158, 199, 230)
        for row, expected in (
            (
                header,
                [
                    "Name",
                    "Id",
                    "Type",
                    "Version",
                    "Auth",
                    "AppPath",
                    "SourceUrl",
                    "Spec",
                    "GitInfo",
                ],
            ),
            (
                line,
                [
                    *("Disk", app().id, "PROD", "12", "DEFAULT", "example.com:/disk"),
                    *("/src/disk", "", "main:0123456789abcdef0123"),
                ],
            ),
        ):
            cells = zip(starts, (*starts[1:], None), strict=True)
            self.assertEqual([row[start:end].strip() for start, end in cells], expected)
            self.assertEqual(row, row.rstrip())

    def test_csv_is_escaped(self):
        """Commas and quotes in a name do not make columns of their own."""
        text = FORMATS["csv"]((app(name='a, "b"', commit="c0ffee"),))
        ((name, *_, path, source, spec, branch, commit),) = csv.reader(text.splitlines())
        self.assertEqual((name, path, source), ('a, "b"', "example.com:/disk", "/src/disk"))
        self.assertEqual((spec, branch, commit), ("", "main", "c0ffee"))


class FormatTests(SynchronousTestCase):
    def test_of_nothing(self):
        """Without apps: the header alone, nothing, or an empty array."""
        for form, lines in (("basic", 1), ("table", 1), ("csv", 0), ("jsonl", 0)):
            self.assertEqual(len(FORMATS[form](()).splitlines()), lines)
        self.assertEqual(FORMATS["json"](()), "[]\n")
        self.assertEqual(FORMATS["jsonl_pretty"](()), "")

"""Names, flags and errors of all commands."""

from __future__ import annotations

import click
from twisted.trial.unittest import SynchronousTestCase

from clace.cli.app_commands import app
from clace.cli.main import clace
from clace.errors import ClaceError, NotAuthenticated
from tests.support.administration_contract import Refusing
from tests.support.command_line import CommandLineCase


class CommandLineTests(CommandLineCase, SynchronousTestCase):
    def test_refuses_unknown_commands(self):
        """An unknown command is an error with a suggestion, at every level."""
        self.fails(
            'error: unknown command "ap". Did you mean "app"?\nrun \'clace --help\' for usage\n',
            "ap",
            status=2,
        )
        self.fails(
            'error: unknown command "relod". Did you mean "reload"?\n'
            "run 'clace app --help' for usage\n",
            *("app", "relod", "/x"),
            status=2,
        )
        self.fails(
            "error: unknown command \"xyzzy\"\nrun 'clace --help' for usage\n",
            "xyzzy",
            status=2,
        )

    def test_refuses_unknown_flags(self):
        """An unknown flag is an error on stderr, with where to read on."""
        result = self.run_cli("app", "list", "--frmat", "csv")
        self.assertTrue(result.stderr.startswith("error: No such option"), result.stderr)
        self.assertIn("--format", result.stderr)
        self.assertTrue(result.stderr.endswith("run 'clace app list --help' for usage\n"))
        self.assertEqual((result.stdout, result.exit_code), ("", 2))

    def test_helps(self):
        """Help is on stdout and no error, also for a group's name alone."""
        for arguments in ((), ("--help",), ("app",), ("server", "-h"), ("app", "create", "-h")):
            result = self.run_cli(*arguments)
            self.assertEqual((result.exit_code, result.stderr), (0, ""))
            self.assertTrue(result.stdout.startswith("Usage: clace"), result.stdout)

    def test_lists_its_commands(self):
        """The commands of Clace, each with what it is for."""
        text = self.run_cli().stdout
        for name in ("app", "config", "password", "server", "version"):
            self.assertRegex(text, rf"\n  {name} +[A-Z]")

    def test_tells_statuses(self):
        """0 is done, 1 is failed, 2 is a wrong command line, and the help says so."""
        self.assertIn(
            "exit status is 0 if it was done, 1 if it failed, 2 if", self.run_cli().stdout
        )
        self.administration = Refusing(ClaceError("no"))
        for status, arguments in (
            (0, ("version",)),
            (1, ("server", "status")),
            (1, ("config", "check", "/no/such/file")),
            (2, ("server", "status", "extra")),
            (2, ("server", "statsu")),
            (2, ("app", "create", "--param", "x", "/", "/a")),
            (2, ("password", "--random", "--prompt")),
        ):
            self.assertEqual(self.run_cli(*arguments).exit_code, status, arguments)

    def test_tells_the_version(self):
        """The command of 2023 and the flags of 2025 print the same line."""
        line = self.run_cli("version").stdout
        self.assertRegex(line, r"\AClace version \S+ build \S+\n\Z")
        for flag in ("--version", "-v"):
            self.prints(line, flag)

    def test_shows_no_traceback(self):
        """Even what nobody foresaw is one line."""
        self.administration = Refusing(ValueError("strange"))
        self.fails("error: ValueError: strange\n", "server", "status")
        self.administration = Refusing(OSError(5, "Input/output error", "/etc/x"))
        self.fails("error: /etc/x: Input/output error\n", "server", "status")
        self.administration = Refusing(OSError(28, "No space left on device"))
        self.fails("error: No space left on device\n", "server", "status")
        self.administration = Refusing(KeyboardInterrupt())
        self.fails("\nerror: interrupted\n", "server", "status")

    def test_spells_control_characters_out(self):
        """A server's words do not drive the terminal either."""
        self.administration = Refusing(ClaceError("\x1b]0;title\x07 line\nnext"))
        self.fails("error: \\x1b]0;title\\x07 line\n  next\n", "server", "status")

    def test_says_where_the_password_is_named(self):
        """Who is not let in learns where a user and a password are given."""
        self.administration = Refusing(NotAuthenticated("Authentication failed"))
        self.fails(
            "error: Authentication failed\n  user and password are those of CL_ADMIN_USER and"
            " CL_ADMIN_PASSWORD, or of admin_user and client.admin_password; a token in their place"
            " of CL_TOKEN, or client.token\n",
            *("server", "status"),
        )

    def test_negative_numbers(self):
        """A number that was taken for an option is told how to be an argument."""
        result = self.run_cli("param", "update", "port", "-5", "/x")
        self.assertEqual(result.exit_code, 2)
        told = "error: No such option '-5'.\n  a value that begins with a hyphen comes after --\n"
        self.assertIn(told, result.stderr)
        after = self.run_cli("param", "update", "port", "--", "-5", "/x")
        self.assertEqual(after.stderr, "error: app not found: /x\n")
        self.assertNotIn("hyphen", self.run_cli("app", "list", "-y").stderr)

    def test_refuses_empty_arguments(self):
        """An empty argument, as of an unset variable, is not taken for one that was left out."""
        for name, *arguments in (
            ("PATH", "app", "create", "/src", ""),
            ("GLOB", "app", "list", ""),
            ("GLOB", "apply", "file.ace", ""),
            ("ADDRESS", "lockout", "clear", ""),
            ("NAME", "user", "delete", ""),
            ("ID", "token", "revoke", ""),
            ("--key", "backup", "create", "x", "--key", ""),
            ("--home", "backup", "restore", "x", "--home="),
            ("--output", "export", "-o", ""),
            ("--user", "lockout", "clear", "--user", ""),
            ("--commit", "app", "reload", "--commit=", "/x"),
            ("--config-file", "-c", "", "app", "list"),
        ):
            result = self.run_cli(*arguments)
            self.assertEqual(result.exit_code, 2)
            self.assertTrue(result.stderr.startswith(f"error: {name} is empty\n"), result.stderr)

    def test_takes_empty_values(self):
        """What a value becomes may be empty."""
        for arguments in (
            ("param", "update", "x", "", "/nowhere"),
            ("app", "settings", "git-auth", "", "/nowhere"),
        ):
            self.assertEqual(self.run_cli(*arguments).exit_code, 1)

    def test_stops_reading_flags_at_two_hyphens(self):
        """What follows ``--`` is an argument, whatever it looks like."""
        result = self.run_cli("app", "list", "--", "--internal=true")
        self.assertIn("invalid path glob --internal=true", result.stderr)


class OptionTests(SynchronousTestCase):
    """The options of all commands."""

    def commands(self, group, path=()):
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if isinstance(command, click.Group):
                yield from self.commands(command, (*path, name))
            else:
                yield " ".join((*path, name)), command

    def test_names_are_unique(self):
        """No name or letter of an option has two meanings, and each option keeps a name."""
        found = dict(self.commands(clace))
        self.assertGreater(len(found), 60)
        for path, command in found.items():
            options = [each for each in command.params if isinstance(each, click.Option)]
            names = [name for each in options for name in each.opts + each.secondary_opts]
            self.assertEqual(len(names), len(set(names)), (path, names))
            for option in options:
                self.assertTrue(any(name.startswith("--") for name in option.opts), path)

    def test_own_letters(self):
        """A letter of the command's own goes before that of an option for every server."""
        for path, letter, meaning in (
            ("pretty-print", "-w", "write"),
            ("sync schedule", "-s", "minutes"),
        ):
            command = dict(self.commands(clace))[path]
            (option,) = [each for each in command.params if letter in each.opts]
            self.assertEqual(option.name, meaning)


class LazyTests(SynchronousTestCase):
    """Groups that do not import their commands to list them."""

    def imported(self, group):
        """The same group of click's own, with all commands imported."""
        context = click.Context(group)
        names = group.list_commands(context)
        return click.Group(group.name, {name: group.get_command(context, name) for name in names})

    def test_help_is_that_of_the_commands(self):
        """The lines of help are those of the commands themselves."""
        for group in (clace, app):
            told = []
            for each in (group, self.imported(group)):
                formatter = click.HelpFormatter(width=100)
                each.format_commands(click.Context(each), formatter)
                told.append(formatter.getvalue())
            self.assertIn("Commands:", told[0])
            self.assertEqual(*told)

    def test_completion_is_that_of_the_commands(self):
        """So is what shells are told of them."""
        for group in (clace, app):
            for typed in ("", "s", "update-", "nothing"):
                told = [
                    {
                        (item.value, item.help)
                        for item in each.shell_complete(click.Context(each), typed)
                    }
                    for each in (group, self.imported(group))
                ]
                self.assertEqual(*told)

"""Completion in real shells, with the scripts that ``clace completion`` prints."""

import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

from tests.support.daemon import EXAMPLES, ROOT
from tests.system.cases import SharedDaemonTestCase

BASH = """
source <(clace completion bash)
COMP_LINE=$1
COMP_POINT=${#1}
_clace_completion clace
printf '%s\\n' "${COMPREPLY[@]}"
"""
# The widget of an interactive shell is needed; what would be inserted is printed in its place.
ZSH = """
autoload -Uz compinit
compinit -u -D
source <(clace completion zsh)
compadd() { print -l ${(P)${@[-1]}} }
_describe() { print -l ${(P)${@[3]}} }
words=(${(z)1})
[[ $1 == *' ' ]] && words+=('')
CURRENT=$#words
_clace_completion
"""
FISH = """
clace completion fish | source
complete --do-complete $argv[1]
"""


class CompletionTests(SharedDaemonTestCase):
    def setUp(self):
        super().setUp()
        for path in ("/zebra", "/zoo", "tools.example.com:/zebra"):
            if not self.daemon.must("app", "list", "--format", "csv", f"{path}*"):
                self.daemon.must("app", "create", str(EXAMPLES / "hello"), path)
        self.programs = Path(self.mktemp()).absolute()
        self.programs.mkdir()
        program = self.programs / "clace"
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m clace.cli "$@"\n')
        program.chmod(0o755)

    def completed(self, shell, line, *options):
        """What a shell offers at the end of a line, which its script is given as an argument."""
        if shutil.which(shell) is None:
            raise unittest.SkipTest(f"{shell} is not installed")
        script, *arguments = options
        environment = self.daemon.environment()
        environment["PATH"] = os.pathsep.join((str(self.programs), environment["PATH"]))
        done = subprocess.run(
            [shell, *arguments, "-c", script, *([shell] if shell != "fish" else []), line],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual(done.stderr, "")
        return [found.partition("\t")[0] for found in done.stdout.split("\n") if found]

    def check(self, shell, *options):
        self.assertEqual(self.completed(shell, "clace app reload /z", *options), ["/zebra", "/zoo"])
        self.assertIn("reload", self.completed(shell, "clace app rel", *options)[0])
        self.assertEqual(self.completed(shell, "clace app reload /none", *options), [])

    def test_bash(self):
        """Commands and the paths of apps, also behind a domain, where bash ends the word."""
        self.check("bash", BASH, "--norc")
        line = "clace app reload tools.example.com:/z"
        self.assertEqual(self.completed("bash", line, BASH, "--norc"), ["/zebra"])
        line = "clace app reload tools"
        self.assertEqual(self.completed("bash", line, BASH, "--norc"), ["tools.example.com:/zebra"])

    def test_zsh(self):
        """The same in zsh, which takes a domain for a part of the word."""
        self.check("zsh", ZSH, "-f")
        line = "clace app reload tools.example.com:/z"
        self.assertEqual(self.completed("zsh", line, ZSH, "-f"), ["tools.example.com:/zebra"])

    def test_fish(self):
        """The same in fish."""
        self.check("fish", FISH, "--no-config")
        line = "clace app reload tools.example.com:/z"
        self.assertEqual(
            self.completed("fish", line, FISH, "--no-config"), ["tools.example.com:/zebra"]
        )

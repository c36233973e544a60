"""``clace completion``: scripts that let shells complete the command line."""

from __future__ import annotations

import os

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    ShellComplete,
    add_completion_class,
    get_completion_class,
    split_arg_string,
)

from clace.cli.commands import COMPLETE_VARIABLE, Command

_BASH = """\
%(complete_func)s() {
    local IFS=$'\\n' reply kind value
    COMPREPLY=()
    for reply in $(env COMP_WORDS="${COMP_LINE:0:COMP_POINT}" COMP_CWORD="$COMP_CWORD" \\
        COMP_WORDBREAKS="$COMP_WORDBREAKS" %(complete_var)s=bash_complete "$1" 2>/dev/null); do
        IFS=, read -r kind value <<< "$reply"
        case $kind in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""
_USE = """

\b
bash:  source <(clace completion bash)
zsh:   source <(clace completion zsh)
fish:  clace completion fish | source
"""


class ColonBashComplete(BashComplete):
    """Completion for bash, which takes the colon of a domain for the end of a word."""

    source_template = _BASH

    def source(self) -> str:
        return ShellComplete.source(self)

    def get_completion_args(self) -> tuple[list[str], str]:
        line = os.environ["COMP_WORDS"]
        words = split_arg_string(line)[1:]
        if not words or line[-1:].isspace():
            return words, ""
        return words[:-1], words[-1]

    def format_completion(self, item: CompletionItem[str]) -> str:
        """Without what bash keeps: the word up to its last colon."""
        _, typed = self.get_completion_args()
        kept, colon, _ = typed.rpartition(":")
        breaks = ":" in os.environ.get("COMP_WORDBREAKS", "")
        value = item.value.removeprefix(kept + colon) if breaks and colon else item.value
        return f"{item.type},{value}"


def register() -> None:
    """Let click use our completion for bash."""
    add_completion_class(ColonBashComplete)


@click.command(cls=Command, epilog=_USE)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print a script that lets SHELL complete commands, options and the paths of apps."""
    register()
    root = context.find_root()
    kind = get_completion_class(shell)
    assert kind
    click.echo(kind(root.command, {}, "clace", COMPLETE_VARIABLE).source())

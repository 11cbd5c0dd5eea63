"""``ringtaw completion``: commands, options and files completed in a shell; click does the work."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from ringtaw_cli.command import Command
from ringtaw_cli.output import data
from ringtaw_cli.program import COMPLETION_VARIABLE, program


@click.command(
    cls=Command,
    examples=(
        "bash > ~/.local/share/bash-completion/completions/ringtaw",
        "zsh > ~/.zfunc/_ringtaw",
        "fish > ~/.config/fish/completions/ringtaw.fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that completes commands in a shell.

    It goes where the examples say; zsh looks there after "fpath+=~/.zfunc" before "compinit" in
    ~/.zshrc. New commands and adapters need no new script: the shell asks ringtaw each time.
    """
    kind = get_completion_class(shell)
    # fish would cut what there is to say at its first comma
    assert kind is not None  # noqa: S101 - click has these three
    script = kind(program, {}, "ringtaw", COMPLETION_VARIABLE).source()
    data(script.replace('string split ","', 'string split --max 1 ","'), end="")

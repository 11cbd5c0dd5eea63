"""Entry point of the command ``ringtaw``."""

from __future__ import annotations

import click


@click.group()
def main() -> None:
    """Bring up confidential applications, verified, with their secrets."""


if __name__ == "__main__":
    main()

"""How the demo speaks: at once, in order with what the Marbles print."""

from __future__ import annotations


def step(number: int, what: str) -> None:
    """Print the heading of a step."""
    say(f"\n{number}. {what}")


def detail(line: str) -> None:
    """Print one indented line."""
    say(f"     {line}")


def say(line: str) -> None:
    """Print a line."""
    print(line, flush=True)

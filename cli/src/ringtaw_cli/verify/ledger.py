"""What was looked at, in its order: checks that passed or failed, and notes that are no checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ringtaw_client import ClientError, InputError

from ringtaw_cli.exits import ExitCode, exit_code

if TYPE_CHECKING:
    from ringtaw_client import Check


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a check, or a note, whose ``passed`` is None and which expects nothing."""

    subject: str
    """Whom it is about: ``Coordinator HOST:PORT``, ``Marble HOST:PORT`` or ``Evidence DIR``."""
    name: str
    expected: str
    found: str
    passed: bool | None


@dataclass(slots=True)
class Ledger:
    """All lines so far, and the errors that some of them ended with."""

    rows: list[Row] = field(default_factory=list)
    errors: list[ClientError] = field(default_factory=list)

    def add(self, subject: str, checks: Iterable[Check]) -> None:
        """Add checks as the client library made them."""
        self.rows += [Row(subject, one.name, one.expected, one.found, one.ok) for one in checks]

    def note(self, subject: str, name: str, found: str) -> None:
        """Add what is worth knowing, and neither good nor bad."""
        self.rows.append(Row(subject, name, "", found, None))

    @contextmanager
    def step(self, subject: str, name: str, expected: str) -> Iterator[None]:
        """Keep an error of the client for later, as the checks it carries or as one failed row.

        Raises:
            InputError: Something that the caller gave cannot be used: no verdict is possible.
        """
        try:
            yield
        except InputError:
            raise
        except ClientError as error:
            checks = getattr(error, "checks", ())
            self.errors.append(error)
            self.add(subject, checks)
            if not any(not check.ok for check in checks):
                self.rows.append(Row(subject, name, expected, error.message, False))

    @property
    def failed(self) -> int:
        """How many checks failed."""
        return sum(row.passed is False for row in self.rows)

    @property
    def checks(self) -> int:
        """How many checks there were."""
        return sum(row.passed is not None for row in self.rows)

    def worst(self) -> ClientError | None:
        """Return the error that the exit code tells: a lie before a mismatch before silence."""
        return min(self.errors, key=_gravity, default=None)


def _gravity(error: ClientError) -> int:
    code = exit_code(error) or ExitCode.FAILED
    return code if code >= ExitCode.EVIDENCE_REJECTED else 1 << 8

"""The cases, one module per subject, in the order in which they run."""

from __future__ import annotations

from typing import Final

from ringtaw_testkit.conformance.cases import (
    attacks,
    build,
    build_results,
    descriptor,
    evidence,
    files,
    launch,
    runtime,
    side_effects,
)
from ringtaw_testkit.conformance.model import Case

SUBJECTS: Final = (
    descriptor,
    runtime,
    evidence,
    files,
    launch,
    side_effects,
    attacks,
    build,
    build_results,
)
ALL: Final[tuple[Case, ...]] = tuple(case for subject in SUBJECTS for case in subject.CASES.cases)

"""How the premain's property tests run: the same examples each time, however slow the machine."""

from __future__ import annotations

from hypothesis import HealthCheck, settings


def checked(examples: int = 100) -> settings:
    return settings(
        derandomize=True,
        deadline=None,
        max_examples=examples,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )

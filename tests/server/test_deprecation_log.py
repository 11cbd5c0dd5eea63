"""Version 1 of the client API in the log."""

from __future__ import annotations

from ringtaw_coordinator.server.client.deprecation import DeprecationLog
from structlog.testing import capture_logs


def test_each_path_is_logged_at_first_and_then_once_an_hour() -> None:
    uses = [(0, "/status"), (1, "/status"), (3599, "/status"), (3600, "/status")]
    uses += [(3601, "/status"), (3601, "/manifest"), (7200, "/status")]
    times = (float(seconds) for seconds, _ in uses)
    log = DeprecationLog(clock=lambda: next(times))
    with capture_logs() as entries:
        for _, path in uses:
            log.note(path)
    assert [(entry["path"], entry["times"]) for entry in entries] == [
        ("/status", 1),
        ("/status", 3),
        ("/manifest", 1),
        ("/status", 2),
    ]
    assert {entry["event"] for entry in entries} == {"deprecated endpoint used"}

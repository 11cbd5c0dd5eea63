"""An adapter as a stranger would make it, for a libOS that a shell script plays: ``kiosk-run``."""

from __future__ import annotations

from ringtaw_premain.hookspecs import API_VERSION, Adapter

ADAPTER = Adapter(
    name="kiosk",
    summary="the Kiosk libOS",
    api_version=API_VERSION,
    build="ringtaw_kiosk_build:KioskBuild",
    note="a kiosk has no runtime side",
)

"""Ringtaw adapter: EGo."""

from __future__ import annotations

from typing import Final

from ringtaw_premain.hookspecs import API_VERSION, Adapter

ADAPTER: Final = Adapter(name="ego", summary="EGo", api_version=API_VERSION)

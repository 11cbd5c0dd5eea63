"""Ringtaw adapter: Occlum."""

from __future__ import annotations

from typing import Final

from ringtaw_premain.hookspecs import API_VERSION, Adapter

ADAPTER: Final = Adapter(
    name="occlum",
    summary="Occlum",
    api_version=API_VERSION,
    runtime="ringtaw_occlum.runtime:OcclumRuntime",
    build="ringtaw_occlum.build:OcclumBuild",
)

"""Ringtaw adapter: Linux in an Intel TDX guest."""

from __future__ import annotations

from typing import Final

from ringtaw_premain.hookspecs import API_VERSION, Adapter

ADAPTER: Final = Adapter(
    name="tdx",
    summary="Linux in an Intel TDX guest, with quotes from the kernel's configfs-tsm",
    api_version=API_VERSION,
    runtime="ringtaw_tdx.runtime:TdxRuntime",
    note="TDX gives a trust domain no sealing key, and its image is built and run by other tools",
)

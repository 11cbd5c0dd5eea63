"""The plain values of enclave.json, and what the manifest's package expects of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ringtaw_buildkit.expectations import Identity, check_identity
from ringtaw_premain.build_hookspecs import Finding

from ringtaw_ego.build.configuration import Configuration

_HEAP: Final = range(512, 16384 + 1)
"""MB that need no thought (EGo documentation, "Configuration file"; ego/cli/elf.go)."""


def check_basics(config: Configuration) -> Iterator[Finding]:
    """Yield findings about all but the lists."""
    yield from _check_heap(config)
    for key in ("exe", "key"):
        if (config.subject.text(key) or "").startswith("/"):
            yield config.subject.finding(
                "absolute-path",
                key,
                message=f"EGo looks for {config.beside(config.subject.text(key) or '')}",
                cure="write it relative to this file",
            )
    if config.subject.flag("debug"):
        yield config.subject.finding(
            "debug-enclave",
            "debug",
            message="the host can read all of the enclave's memory, secrets too",
            cure="set it to false before production",
        )
    if config.subject.flag("executableHeap"):
        yield config.subject.finding(
            "executable-heap",
            "executableHeap",
            message="an error in memory handling may become foreign code",
            cure="remove it unless a library makes code at run time",
        )
    if config.marble and config.marble.package:
        yield from check_identity(config.subject, config.marble.package, identity(config))


def identity(config: Configuration) -> Identity:
    """Return what the configuration says of its enclave."""
    subject = config.subject
    # EGo takes false and 0 for what is absent.
    return Identity(
        debug=(subject.flag("debug") if _has(config, "debug") else False, ("debug",)),
        product_id=(
            subject.number("productID") if _has(config, "productID") else 0,
            ("productID",),
        ),
        security_version=(
            subject.number("securityVersion") if _has(config, "securityVersion") else 0,
            ("securityVersion",),
        ),
    )


def _has(config: Configuration, key: str) -> bool:
    return config.subject.value(key) is not None


def _check_heap(config: Configuration) -> Iterator[Finding]:
    heap = config.subject.number("heapSize")
    if heap is None or heap < 1 or heap in _HEAP:
        return
    small = heap < _HEAP.start
    yield config.subject.finding(
        "heap-size",
        "heapSize",
        message=f"{heap} MB: {'less than EGo recommends' if small else 'more than usual'}",
        cure="give 512 or more"
        if small
        else "build with `ego-go build -tags ego_largeheap`, or give 16384 or less",
    )

"""Memory and threads: what contradicts itself, and what is too little for the premain.

Source of the relations: Occlum, tools/gen_internal_conf/src/main.rs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ringtaw_premain.build_hookspecs import Finding

from ringtaw_occlum.build.configuration import Configuration
from ringtaw_occlum.build.sizes import GIB, MIB, megabytes

PREMAIN_USER_SPACE: Final = 48 * MIB
"""For the premain's code and data beside its stack and brk heap. Measured on Linux with Python
3.11: 37 MiB of address space in one thread; Occlum backs all of it with memory."""
PREMAIN_KERNEL_HEAP: Final = 64 * MIB
"""What MarbleRun's sample for Occlum gives the LibOS under its premain; not measured in Occlum."""

_EDMM_KERNEL_HEAP: Final = 1 * GIB
_EDMM_USER_SPACE: Final = 16 * GIB
_EDMM_THREADS: Final = 4096


def check_resources(config: Configuration) -> Iterator[Finding]:
    """Yield findings about resource_limits and process."""
    yield from _check_growth(config)
    yield from _check_threads(config)
    yield from _check_process(config)
    yield from _check_premain(config)


def user_space(config: Configuration) -> int | None:
    """Return the most memory that LibOS processes can have."""
    return _limit(config, "user_space_size", "user_space_max_size", _EDMM_USER_SPACE)


def kernel_heap(config: Configuration) -> int | None:
    """Return the most heap that the LibOS can have."""
    return _limit(config, "kernel_space_heap_size", "kernel_space_heap_max_size", _EDMM_KERNEL_HEAP)


def needed_user_space(config: Configuration) -> int:
    """Return what the premain's process takes of the user space."""
    stack = config.size("process", "default_stack_size") or 0
    heap = config.size("process", "default_heap_size") or 0
    return PREMAIN_USER_SPACE + stack + heap


def _has_edmm(config: Configuration) -> bool:
    return config.subject.flag("feature", "enable_edmm") is True


def _limit(config: Configuration, size: str, most: str, edmm: int) -> int | None:
    initial = config.size("resource_limits", size)
    limit = config.size("resource_limits", most)
    if initial is None and limit is None:
        return None
    if _has_edmm(config):
        return max(limit or initial or 0, edmm)
    return limit if limit is not None else initial


def _check_growth(config: Configuration) -> Iterator[Finding]:
    pairs = (
        ("user_space_size", "user_space_max_size", user_space(config), True),
        (
            "kernel_space_heap_size",
            "kernel_space_heap_max_size",
            kernel_heap(config),
            _has_edmm(config),  # without EDMM the tool lets the maximum replace the size
        ),
    )
    for size, most, limit, is_checked in pairs:
        initial = config.size("resource_limits", size)
        if initial is not None and limit is not None and initial > limit and is_checked:
            yield config.subject.finding(
                "size-relation",
                "resource_limits",
                most,
                message=f"{megabytes(limit)} at most, and {size} begins with {megabytes(initial)}",
                cure=f"raise it to {megabytes(initial)} or more, or remove it",
            )


def _check_threads(config: Configuration) -> Iterator[Finding]:
    first = config.subject.number("resource_limits", "init_num_of_threads")
    most = config.subject.number("resource_limits", "max_num_of_threads")
    if first is None or most is None:
        return
    place = ("resource_limits", "init_num_of_threads")
    if not _has_edmm(config):
        yield config.subject.finding(
            "no-effect",
            *place,
            message="only counts with EDMM",
            cure="remove it, or set feature.enable_edmm",
        )
    elif first > max(most, _EDMM_THREADS):
        yield config.subject.finding(
            "size-relation",
            *place,
            message=f"{first} threads to begin with, {max(most, _EDMM_THREADS)} at most",
            cure="lower it",
        )


def _check_process(config: Configuration) -> Iterator[Finding]:
    available = user_space(config)
    stack = config.size("process", "default_stack_size")
    heap = config.size("process", "default_heap_size")
    if available is None or stack is None or heap is None or stack + heap < available:
        return
    yield config.subject.finding(
        "size-relation",
        "process",
        "default_heap_size",
        message=f"stack and heap take {megabytes(stack + heap)} of {megabytes(available)} of user "
        "space: nothing is left for programs",
        cure="raise resource_limits.user_space_size or lower it",
    )


def _check_premain(config: Configuration) -> Iterator[Finding]:
    available, needed = user_space(config), needed_user_space(config)
    if available is not None and available < needed:
        yield config.subject.finding(
            "premain-memory",
            "resource_limits",
            "user_space_size",
            message=f"{megabytes(available)} of user space: the premain takes about "
            f"{megabytes(PREMAIN_USER_SPACE)} beside stack and heap, {megabytes(needed)} in all",
            cure=f"raise it to {megabytes(needed)}, or more if your program needs more",
        )
    heap = kernel_heap(config)
    if heap is not None and heap < PREMAIN_KERNEL_HEAP:
        yield config.subject.finding(
            "premain-memory",
            "resource_limits",
            "kernel_space_heap_size",
            message=f"{megabytes(heap)} of heap for the LibOS; MarbleRun's sample with a premain "
            f"has {megabytes(PREMAIN_KERNEL_HEAP)}",
            cure=f"raise it to {megabytes(PREMAIN_KERNEL_HEAP)}",
        )

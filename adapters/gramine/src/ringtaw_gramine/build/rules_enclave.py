"""Rules on the enclave itself: attestation, debug mode, size, keys that weaken it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ringtaw_premain.build_hookspecs import Finding, Severity

from .configuration import Configuration
from .premain import Kind, Premain

_SIZE: Final = re.compile(r"([0-9]{1,12})([KMG]?)")
_UNITS: Final = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_DEFAULT_SIZE: Final = "256M"
_DEFAULT_THREADS: Final = 4

# MarbleRun documentation, "Building a service: Gramine", for the Go runtime. For Python the sizes
# of Gramine's own Python example are 1G and 32 threads; half of that leaves room for a small
# application. Gramine itself uses up to three threads.
_NEEDED_SIZE: Final = {Kind.MARBLERUN: "1024M", Kind.PYTHON: "512M"}
_NEEDED_THREADS: Final = {Kind.MARBLERUN: 16, Kind.PYTHON: 4}

_INSECURE: Final = {
    ("loader", "insecure__disable_aslr"): "code is always at the same addresses",
    ("sys", "insecure__allow_eventfd"): "the host sees and changes what eventfd carries",
    ("sys", "experimental__enable_flock"): "Gramine's flock is not finished and may have holes",
    ("sys", "debug__mock_syscalls"): "system calls only seem to happen",
    ("sgx", "insecure__rpc_thread_num"): "system calls go through memory that the host can change",
    ("sgx", "insecure__allow_memfaults_without_exinfo"): "the host can inject memory faults",
}
_NEED_DEBUG: Final = (
    ("sgx", "enable_stats"),
    ("sgx", "vtune_profile"),
    ("sgx", "profile", "enable"),
)
_WANTED: Final = {
    "disallow_subprocesses": (
        "subprocesses",
        "the application may make processes, and each is a new enclave of the same size",
    ),
    "enable_sigterm_injection": (
        "sigterm",
        "a request to stop, such as Docker's or Kubernetes's, does not reach the application",
    ),
}


def enclave_findings(config: Configuration, premain: Premain) -> Iterator[Finding]:
    """Yield what is wrong with the enclave's own settings."""
    if premain.is_there:
        yield from _attestation(config)
        yield from _size(config, premain)
        yield from _threads(config, premain)
        yield from _wanted(config)
    yield from _debug(config)
    yield from _insecure(config)


def _attestation(config: Configuration) -> Iterator[Finding]:
    # A fixed OE_SIMULATION says that a Coordinator in simulation is meant.
    kind = config.subject.value("sgx", "remote_attestation")
    if kind in (None, "none") and config.environment("OE_SIMULATION") != "1":
        yield config.subject.finding(
            "no-attestation",
            "sgx",
            "remote_attestation",
            message="remote attestation is off: the premain gets no quote and is refused",
            cure='set sgx.remote_attestation = "dcap"',
        )


def _size(config: Configuration, premain: Premain) -> Iterator[Finding]:
    text = config.subject.text("sgx", "enclave_size")
    if text is None and config.subject.flag("sgx", "edmm_enable"):
        return
    size, needed = _bytes(text or _DEFAULT_SIZE), _NEEDED_SIZE[premain.kind]
    if size is None:
        return
    if not size or size & (size - 1):
        yield config.subject.finding(
            "enclave-size",
            "sgx",
            "enclave_size",
            message=f"{text} is not a power of two, as SGX asks",
            cure='choose one, such as "1G"',
            severity=Severity.ERROR,
        )
    elif size < (_bytes(needed) or 0):
        given = f"{text}" if text else f"{_DEFAULT_SIZE}, the default,"
        yield config.subject.finding(
            "enclave-size",
            "sgx",
            "enclave_size",
            message=f"{given} is small for {premain.kind.value} and an application",
            cure=f'set sgx.enclave_size = "1G"; {needed} is the least to begin with',
        )


def _bytes(text: str) -> int | None:
    found = _SIZE.fullmatch(text)
    return int(found[1]) * _UNITS[found[2]] if found else None


def _threads(config: Configuration, premain: Premain) -> Iterator[Finding]:
    if config.subject.flag("sgx", "edmm_enable"):
        return  # then more threads are made as they are needed
    threads = config.subject.value("sgx", "max_threads")
    needed = _NEEDED_THREADS[premain.kind]
    given = _DEFAULT_THREADS if threads is None else threads
    if isinstance(given, int) and given < needed:
        yield config.subject.finding(
            "max-threads",
            "sgx",
            "max_threads",
            message=f"{given} threads are few: {premain.kind.value} and Gramine need {needed}",
            cure=f"set sgx.max_threads = {needed}, and more for the application's own",
        )


def _wanted(config: Configuration) -> Iterator[Finding]:
    for key, (code, message) in _WANTED.items():
        if config.subject.value("sys", key) is None:
            yield config.subject.finding(
                code, "sys", key, message=message, cure=f"say so: sys.{key} = true, or false"
            )


def _debug(config: Configuration) -> Iterator[Finding]:
    subject = config.subject
    if subject.flag("sgx", "debug"):
        yield subject.finding(
            "debug-enclave",
            "sgx",
            "debug",
            message="the host can read and change the enclave's memory",
            cure="remove it before you deploy",
        )
        return
    for keys in _NEED_DEBUG:
        if subject.value(*keys) not in (None, False, "none"):
            yield subject.finding(
                "needs-debug",
                *keys,
                message="stops an enclave that is not a debug enclave from starting",
                cure="remove it, or set sgx.debug = true for as long as you measure",
            )


def _insecure(config: Configuration) -> Iterator[Finding]:
    subject = config.subject
    for keys, why in _INSECURE.items():
        if subject.value(*keys):
            yield subject.finding(
                "insecure-key", *keys, message=why, cure="remove it before you deploy"
            )
    if subject.value("loader", "log_level") in ("warning", "debug", "trace", "all"):
        yield subject.finding(
            "log-level",
            "loader",
            "log_level",
            message="the log tells the host what the application does",
            cure='set loader.log_level = "error" before you deploy',
        )
    if subject.flag("sgx", "preheat_enclave") and subject.flag("sgx", "edmm_enable"):
        yield subject.finding(
            "preheat-with-edmm",
            "sgx",
            "preheat_enclave",
            message="with sgx.edmm_enable there is no memory to touch beforehand",
            cure="remove one of the two",
        )

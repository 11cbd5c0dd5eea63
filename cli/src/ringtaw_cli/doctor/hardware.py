"""SGX and TDX: processor, kernel, devices and their permissions.

Linux kernel documentation: arch/x86/sgx.rst, virt/coco/tdx-guest.rst, ABI/testing/configfs-tsm.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ringtaw_cli.doctor.findings import Finding, ok, problem, warn
from ringtaw_cli.doctor.machine import Machine

ENCLAVE: Final = "/dev/sgx_enclave"
PROVISION: Final = "/dev/sgx_provision"
OLD_DRIVERS: Final = ("/dev/isgx", "/dev/sgx/enclave")
TDX_DEVICES: Final = ("/dev/tdx_guest", "/dev/tdx-guest")
TSM: Final = "/sys/kernel/config/tsm/report"
_SGX_SINCE: Final = (5, 11)
_TSM_SINCE: Final = (6, 7)


def look_at_kernel(machine: Machine) -> Iterator[Finding]:
    """Tell whether the kernel has a driver for SGX."""
    release = machine.text("/proc/sys/kernel/osrelease").strip()
    if version(release) >= _SGX_SINCE:
        yield ok("kernel", f"Linux {release}")
    else:
        yield warn(
            "kernel",
            f"Linux {release or 'of an unknown version'}",
            "the driver for SGX is part of Linux from 5.11 on",
            "upgrade the kernel, or install the driver that your libOS's documentation names",
        )


def look_at_sgx(machine: Machine) -> Iterator[Finding]:
    """Tell whether enclaves can be started here."""
    if machine.is_there(ENCLAVE):
        yield from _devices(machine)
    elif old := [name for name in OLD_DRIVERS if machine.is_there(name)]:
        yield warn(
            "sgx",
            f"{old[0]} is of a driver from before Linux 5.11",
            "libOSes of today use /dev/sgx_enclave",
            "remove that driver, and use the one of the kernel",
        )
    elif "sgx" in _flags(machine):
        yield problem(
            "sgx",
            "the processor has SGX, but there is no /dev/sgx_enclave",
            "no enclave can be started",
            "switch SGX on in the firmware (BIOS); in a virtual machine or container, pass the "
            "device through",
        )
    else:
        yield warn(
            "sgx",
            "the processor has no SGX, or hides it",
            "no enclave can be started here; verifying others, simulation and the software TEE "
            "work",
            "nothing, if this machine is not to run enclaves",
        )


def look_at_tdx(machine: Machine) -> Iterator[Finding]:
    """Tell whether this is a trust domain that can get quotes."""
    is_guest = "tdx_guest" in _flags(machine)
    devices = [name for name in TDX_DEVICES if machine.is_there(name)]
    if machine.is_there(TSM):
        yield from _tsm(machine)
    elif is_guest or devices:
        release = machine.text("/proc/sys/kernel/osrelease").strip()
        newer = "" if version(release) >= _TSM_SINCE else "; Linux has it from 6.7 on"
        yield problem(
            "tdx",
            f"this is a trust domain, but there is no {TSM}",
            f"quotes are asked for there{newer}",
            "mount -t configfs none /sys/kernel/config, and load the module tdx_guest",
        )


def version(release: str) -> tuple[int, int]:
    """Return the first two numbers of a kernel's release, (0, 0) if there are none."""
    match = re.match(r"(\d{1,4})\.(\d{1,4})", release)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _devices(machine: Machine) -> Iterator[Finding]:
    if machine.may_use(ENCLAVE):
        yield ok("sgx", f"{ENCLAVE} can be used")
    else:
        yield problem(
            "sgx",
            f"this user may not use {ENCLAVE}",
            "enclaves cannot be started",
            "add the user to the group that owns the device: ls -l /dev/sgx_enclave",
        )
    if not machine.is_there(PROVISION):
        yield warn(
            "sgx",
            f"there is no {PROVISION}",
            "in-process quoting needs it; with AESM it is the service that uses it",
            "pass the device through, too, or use AESM",
        )
    elif not machine.may_use(PROVISION):
        yield warn(
            "sgx",
            f"this user may not use {PROVISION}",
            "in-process quoting needs it; with AESM it is the service that uses it",
            "add the user to the group sgx_prv, or use AESM",
        )
    else:
        yield ok("sgx", f"{PROVISION} can be used")


def _tsm(machine: Machine) -> Iterator[Finding]:
    if machine.may_use(TSM):
        yield ok("tdx", f"quotes can be asked for in {TSM}")
    else:
        yield problem(
            "tdx",
            f"this user may not write in {TSM}",
            "quotes are asked for there, which the kernel permits root alone",
            "start the Coordinator or Marble as root, or give it a folder that was made there",
        )


def _flags(machine: Machine) -> frozenset[str]:
    for line in machine.text("/proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "flags":
            return frozenset(value.split())
    return frozenset()

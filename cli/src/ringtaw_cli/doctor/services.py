"""What quoting and verification need beside hardware: AESM, and a source of collateral.

Intel's libsgx-dcap-default-qpl reads ``/etc/sgx_default_qcnl.conf``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from ringtaw_cli.doctor.findings import Finding, ok, problem, warn
from ringtaw_cli.doctor.hardware import ENCLAVE
from ringtaw_cli.doctor.machine import Machine

AESM: Final = "/var/run/aesmd/aesm.socket"
QCNL: Final = "/etc/sgx_default_qcnl.conf"
_URL: Final = re.compile(r'(?m)^\s*"?pccs_url"?\s*[:=]\s*"?([^\s",]+)', re.IGNORECASE)


def look_at_aesm(machine: Machine) -> Iterator[Finding]:
    """Tell whether Intel's service for quotes answers."""
    if not machine.is_there(AESM):
        if machine.is_there(ENCLAVE):
            yield warn(
                "aesm",
                f"there is no {AESM}",
                "Gramine gets its quotes from AESM; EGo and Occlum can do without it",
                "install sgx-aesm-service and libsgx-aesm-quote-ex-plugin, and start aesmd",
            )
    elif reason := machine.reach_socket(AESM):
        yield problem(
            "aesm",
            f"{AESM} does not answer: {reason}",
            "Gramine gets its quotes from AESM",
            "systemctl restart aesmd; in a container, mount the socket",
        )
    else:
        yield ok("aesm", "AESM answers")


def look_at_collateral(machine: Machine, pccs: str) -> Iterator[Finding]:
    """Tell whether those sources of collateral that are set up can be reached."""
    sources = {
        "--pccs": pccs,
        "RINGTAW_COLLATERAL": machine.environ.get("RINGTAW_COLLATERAL", ""),
        QCNL: _of_quote_provider(machine),
    }
    for origin, location in sources.items():
        if "://" in location:
            yield from _reached(machine, origin, location)
        elif location and not os.path.exists(machine.folder / location):
            yield problem(
                "collateral",
                f"{origin} names {location}, which is neither a URL nor a path that exists",
                "without collateral no evidence can be verified",
                "give the URL of a PCCS, or the path of collateral",
            )
    if not any(sources.values()):
        yield ok("collateral", "no PCCS is set up: Intel's own service is used")


def _reached(machine: Machine, origin: str, location: str) -> Iterator[Finding]:
    try:
        parts = urlsplit(location)
        port = parts.port or (80 if parts.scheme == "http" else 443)
    except ValueError:
        port, parts = 0, urlsplit("")
    if not parts.hostname or not port:
        yield problem(
            "collateral",
            f"{origin} is no usable URL",
            "without collateral no evidence can be verified",
            "give a URL such as https://pccs.example:8081",
        )
        return
    where = f"{parts.hostname}:{port}"
    if not machine.network:
        yield ok("collateral", f"{origin} names {where} (not asked)")
    elif reason := machine.reach(parts.hostname, port):
        yield problem(
            "collateral",
            f"{where}, named by {origin}, cannot be reached: {reason}",
            "without collateral no evidence can be verified",
            "start the PCCS, correct its address, or let the firewall pass it",
        )
    else:
        yield ok("collateral", f"{where}, named by {origin}, can be reached")


def _of_quote_provider(machine: Machine) -> str:
    match = _URL.search(machine.text(QCNL))
    return match[1] if match else ""

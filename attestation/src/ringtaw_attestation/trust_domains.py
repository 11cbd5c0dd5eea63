"""Policy for trust domains: which measurements a package of a manifest stands for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ringtaw_attestation.errors import PolicyError
from ringtaw_attestation.quote.tdx import TdReport


@dataclass(frozen=True, slots=True)
class TrustDomainPolicy:
    """Measurements of 48 bytes as hex in any letter case; "" means that one does not matter.

    ``rtmrs`` are RTMR0 to RTMR3.
    """

    mr_td: str = ""
    rtmrs: tuple[str, str, str, str] = ("", "", "", "")
    mr_config_id: str = ""
    mr_owner: str = ""
    mr_owner_config: str = ""


def check_trust_domain(body: TdReport, debug: bool, wanted: TrustDomainPolicy) -> None:
    """Check that measurements stand for a trust domain; ``debug`` is what the package says.

    Unless it is for debugging, they must say what runs in it: MRTD alone is a firmware, which boots
    whatever the host gives it.

    Raises:
        PolicyError: They do not; ``field`` is the manifest's field.
    """
    if body.debug != debug:
        raise PolicyError("Debug", f"the trust domain has Debug {body.debug}, the package {debug}")
    if not (debug or (wanted.mr_td and wanted.rtmrs[1] and wanted.rtmrs[2])):
        raise PolicyError("TDX", "the package does not name all of MRTD, RTMR1 and RTMR2")
    for field, actual, expected in _pairs(body, wanted):
        if expected and actual.hex() != expected.lower():
            raise PolicyError(
                f"TDX.{field}", f"the trust domain's is {actual.hex()}, not {expected.lower()}"
            )


def _pairs(body: TdReport, wanted: TrustDomainPolicy) -> Iterator[tuple[str, bytes, str]]:
    yield "MRTD", body.mr_td, wanted.mr_td
    for number, (actual, expected) in enumerate(zip(body.rtmrs, wanted.rtmrs, strict=True)):
        yield f"RTMR{number}", actual, expected
    yield "MRCONFIGID", body.mr_config_id, wanted.mr_config_id
    yield "MROWNER", body.mr_owner, wanted.mr_owner
    yield "MROWNERCONFIG", body.mr_owner_config, wanted.mr_owner_config

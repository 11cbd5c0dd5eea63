"""Policy for trust domains: which measurements a package of a manifest stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ringtaw_attestation.errors import PolicyError
from ringtaw_attestation.quote.tdx import TdReport

WHAT_RUNS: Final = ("MRTD", "RTMR1", "RTMR2")
"""Without all of these, measurements do not say what runs in a trust domain."""


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

    @property
    def measurements(self) -> dict[str, str]:
        """All of them, by their names in a package, whether they matter or not."""
        return {
            "MRTD": self.mr_td,
            **{f"RTMR{number}": value for number, value in enumerate(self.rtmrs)},
            "MRCONFIGID": self.mr_config_id,
            "MROWNER": self.mr_owner,
            "MROWNERCONFIG": self.mr_owner_config,
        }


def measurements_of(body: TdReport) -> Mapping[str, bytes]:
    """Return what a trust domain measures, by the names in a package."""
    return {
        "MRTD": body.mr_td,
        **{f"RTMR{number}": value for number, value in enumerate(body.rtmrs)},
        "MRCONFIGID": body.mr_config_id,
        "MROWNER": body.mr_owner,
        "MROWNERCONFIG": body.mr_owner_config,
    }


def check_trust_domain(body: TdReport, debug: bool, wanted: TrustDomainPolicy) -> None:
    """Check that measurements stand for a trust domain; ``debug`` is what the package says.

    Unless it is for debugging, they must say what runs in it: MRTD alone is a firmware, which boots
    whatever the host gives it.

    Raises:
        PolicyError: They do not; ``field`` is the manifest's field.
    """
    if body.debug != debug:
        raise PolicyError("Debug", f"the trust domain has Debug {body.debug}, the package {debug}")
    named = wanted.measurements
    if not (debug or all(named[field] for field in WHAT_RUNS)):
        raise PolicyError("TDX", "the package does not name all of MRTD, RTMR1 and RTMR2")
    for field, actual in measurements_of(body).items():
        if named[field] and actual.hex() != named[field].lower():
            raise PolicyError(
                f"TDX.{field}", f"the trust domain's is {actual.hex()}, not {named[field].lower()}"
            )

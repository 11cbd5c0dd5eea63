"""Good configurations of the in-tree adapters' libOSes, and what was built from them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, Final

from ringtaw_occlum.build.artefact import ENCLAVE_FILE
from ringtaw_premain.build_hookspecs import PackageProperties
from ringtaw_testkit.harness import Sample

from tests.support.elf_files import oeinfo, sgxmeta, write_elf
from tests.support.occlum_deployment import CONFIG, COPY_BOM
from tests.support.sigstructs import MR_ENCLAVE, make_sigstruct, mr_signer, signing_key

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
GRAMINE_WITHOUT_PREMAIN: Final = """\
# A program as people have it before they meet the premain.
libos.entrypoint = "/app/hello"
loader.env.LD_LIBRARY_PATH = "/lib:{{ arch_libdir }}"  # Gramine's C library first
fs.mounts = [
  { path = "/lib", uri = "file:{{ gramine.runtimedir() }}" },
  { path = "/app/hello", uri = "file:hello" },
]
sgx.enclave_size = "1G"
sgx.max_threads = 16
sgx.trusted_files = [
  "file:{{ gramine.libos }}",
  "file:{{ gramine.runtimedir() }}/",
  "file:hello",
]
"""
ENCLAVE_JSON: Final[dict[str, Any]] = {
    "exe": "hello",
    "key": "private.pem",
    "debug": False,
    "heapSize": 512,
    "productID": 1,
    "securityVersion": 2,
    "mounts": [{"target": "/data", "type": "memfs"}],
}


def properties() -> PackageProperties:
    """What every artefact here is."""
    return PackageProperties(MR_ENCLAVE, mr_signer(signing_key()), 1, 2, debug=False)


def gramine(directory: Path) -> Sample:
    """The template of the Gramine example, one without the premain, and a SIGSTRUCT."""
    config = directory / "hello.manifest.template"
    shutil.copy(EXAMPLES / "gramine-python" / config.name, config)
    unprepared = directory / "plain.manifest.template"
    unprepared.write_text(GRAMINE_WITHOUT_PREMAIN)
    libraries = {"interpreter": "/usr/bin/python3.11", "arch_libdir": "/lib/x86_64-linux-gnu"}
    signature = directory / "hello.sig"
    signature.write_bytes(make_sigstruct(isv_prod_id=1, isv_svn=2))
    return Sample(
        config, unprepared, variables=libraries, artefact=signature, properties=properties()
    )


def occlum(directory: Path) -> Sample:
    """An Occlum.json with its copy_bom, and an instance's signed enclave."""
    config, unprepared = directory / "Occlum.json", directory / "before" / "Occlum.json"
    unprepared.parent.mkdir()
    config.write_text(json.dumps(CONFIG, indent=4) + "\n")
    unprepared.write_text(json.dumps({**CONFIG, "entry_points": ["/bin"]}, indent=4) + "\n")
    bom = directory / "hello.yaml"
    bom.write_text(f"# what my program needs\n{COPY_BOM}")
    enclave = directory / ENCLAVE_FILE
    sigstruct = make_sigstruct(isv_prod_id=1, isv_svn=2)
    write_elf(enclave, ".note.sgxmeta", sgxmeta(sigstruct))
    return Sample(config, unprepared, (bom,), artefact=enclave, properties=properties())


def ego(directory: Path) -> Sample:
    """An enclave.json, and a signed executable."""
    config = directory / "enclave.json"
    config.write_text(json.dumps(ENCLAVE_JSON, indent=4) + "\n")
    executable = write_elf(
        directory / "hello", ".oeinfo", oeinfo(make_sigstruct(isv_prod_id=1, isv_svn=2))
    )
    return Sample(config, artefact=executable, properties=properties())

"""An Occlum deployment in which all is well, and what makes it worse."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ringtaw_occlum.build import OcclumBuild
from ringtaw_occlum.build.artefact import ENCLAVE_FILE
from ringtaw_premain.build_hookspecs import Finding, ValidateRequest

from tests.support.elf_files import sgxmeta, write_elf
from tests.support.sigstructs import make_sigstruct, mr_signer, signing_key

IMAGE_LAYER: Final = {
    "target": "/",
    "type": "sefs",
    "source": "./build/mount/__ROOT",
    "options": {"MAC": ""},
}
CONFIG: Final[dict[str, Any]] = {
    "resource_limits": {
        "kernel_space_heap_size": "64MB",
        "kernel_space_stack_size": "1MB",
        "user_space_size": "300MB",
        "max_num_of_threads": 32,
    },
    "process": {
        "default_stack_size": "4MB",
        "default_heap_size": "32MB",
        "default_mmap_size": "100MB",
    },
    "entry_points": ["/bin/ringtaw-premain"],
    "env": {
        "default": [
            "OCCLUM=yes",
            "EDG_MARBLE_TYPE=hello",
            "LD_LIBRARY_PATH=/opt/ringtaw/lib",
        ],
        "untrusted": [
            "EDG_MARBLE_COORDINATOR_ADDR",
            "EDG_MARBLE_DNS_NAMES",
            "EDG_MARBLE_UUID_FILE",
        ],
    },
    "metadata": {
        "product_id": 1,
        "version_number": 2,
        "debuggable": False,
        "enable_kss": False,
        "family_id": {"high": "0x0", "low": "0x0"},
        "ext_prod_id": {"high": "0x0", "low": "0x0"},
    },
    "feature": {"amx": 0, "pkru": 0, "io_uring": 0, "enable_edmm": False},
    "mount": [
        {
            "target": "/",
            "type": "unionfs",
            "options": {
                "layers": [
                    IMAGE_LAYER,
                    {"target": "/", "type": "sefs", "source": "./run/mount/__ROOT"},
                ]
            },
        },
        {"target": "/secrets", "type": "ramfs"},
    ],
}
MANIFEST: Final[dict[str, Any]] = {
    "Packages": {
        "hello": {
            "SignerID": mr_signer(signing_key()),
            "ProductID": 1,
            "SecurityVersion": 2,
        }
    },
    "Marbles": {
        "hello": {
            "Package": "hello",
            "Parameters": {
                "Argv": ["/bin/hello", "world"],
                "Files": {
                    "/secrets/key": "{{ pem .Secrets.key.Private }}",
                    "/dev/shm/key": "{{ raw .Secrets.key }}",
                    "/etc/hello.conf": "colour = blue",
                    "/etc/hello.crt": "{{ pem .Secrets.key.Cert }}",
                },
            },
        }
    },
    "Secrets": {"key": {"Type": "cert-ecdsa", "Size": 256, "Cert": {}}},
}
COPY_BOM: Final = """\
includes:
  - base.yaml
excludes:
  - __pycache__
targets:
  - target: /bin
    copy:
      - files:
          - ../hello
          - ../ringtaw-premain
"""


@dataclass
class Case:
    """A deployment on disk, before it is written."""

    folder: Path
    config: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(CONFIG))
    manifest: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(MANIFEST))
    text: str = ""
    marble: str = ""

    @property
    def parameters(self) -> dict[str, Any]:
        parameters: dict[str, Any] = self.manifest["Marbles"]["hello"]["Parameters"]
        return parameters

    @property
    def package(self) -> dict[str, Any]:
        package: dict[str, Any] = self.manifest["Packages"]["hello"]
        return package

    def write(self, name: str, content: str, mode: int = 0o755) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(mode)

    def fill_image(self) -> None:
        """Make the folder an instance whose image has the programs."""
        self.write("image/bin/hello", "an ELF file")
        self.write("image/bin/ringtaw-premain", "#!/opt/ringtaw/bin/python3.11\n")

    def build(self, **of_signature: Any) -> None:
        self.fill_image()
        write_elf(
            self.folder / ENCLAVE_FILE, ".note.sgxmeta", sgxmeta(make_sigstruct(**of_signature))
        )

    def findings(self) -> list[Finding]:
        path = self.folder / "Occlum.json"
        path.write_text(self.text or json.dumps(self.config, indent=4))
        request = ValidateRequest(str(path), self.manifest, self.marble)
        return list(OcclumBuild().validate_config(request))


Mutation = Callable[[Case], object]


def setting(*keys: str | int, to: Any) -> Mutation:
    """Return what puts a value into the configuration; None removes the key."""

    def mutate(case: Case) -> None:
        at: Any = case.config
        for key in keys[:-1]:
            at = at[key]
        if to is None:
            del at[keys[-1]]
        else:
            at[keys[-1]] = to

    return mutate


def entry_point(*paths: str) -> Mutation:
    return setting("entry_points", to=list(paths))


def variable(text: str) -> Mutation:
    return lambda case: case.config["env"]["default"].append(text)


def untrusted(name: str) -> Mutation:
    return lambda case: case.config["env"]["untrusted"].append(name)


def mount(**mount: Any) -> Mutation:
    return lambda case: case.config["mount"].append(mount)


def argv(*words: str) -> Mutation:
    return lambda case: case.parameters.update(Argv=list(words))


def file(path: str, template: str = "{{ raw .Secrets.key }}") -> Mutation:
    return lambda case: case.parameters["Files"].update({path: template})


def both(*mutations: Mutation) -> Mutation:
    def mutate(case: Case) -> None:
        for mutation in mutations:
            mutation(case)

    return mutate


def edmm(**limits: Any) -> Mutation:
    def mutate(case: Case) -> None:
        case.config["feature"]["enable_edmm"] = True
        case.config["resource_limits"].update(limits)

    return mutate


def copying(text: str) -> Mutation:
    return lambda case: case.write("hello.yaml", text, 0o644)


def built(**of_signature: Any) -> Mutation:
    return lambda case: case.build(**of_signature)


def image(path: str, content: str, mode: int = 0o755) -> Mutation:
    def mutate(case: Case) -> None:
        case.fill_image()
        case.write(f"image{path}", content, mode)

    return mutate


def python_in_bin(case: Case) -> None:
    case.fill_image()
    (case.folder / "image/bin/python3").symlink_to("/opt/python/bin/python3")
    case.config["entry_points"] = ["/bin"]

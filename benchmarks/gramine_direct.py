"""The premain in gramine-direct: files and megabytes of its image, time to the application.

Three images against one Coordinator in simulation, run in turn: the premain with the whole
standard library of an interpreter, the premain with its pruned Python, and a peer's. The
application is ``true``. What Gramine and ``true`` take without a premain is measured as well.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ringtaw_buildkit.python_runtime import INTERPRETER, OPTIONS, build

from benchmarks.processes import OURS, running_coordinator

PROJECT: Final = Path(__file__).parents[1]
MANIFEST: Final = Path(__file__).with_name("premain_manifest.json")
TEMPLATE: Final = Path(__file__).with_name("gramine_direct.manifest.template")
PREMAIN: Final = ("-m", "ringtaw_premain", "--", "/application")
_WHERE: Final = """
import sys, sysconfig
print(sysconfig.get_path("stdlib"), *sys.version_info[:2], sysconfig.get_config_var("EXT_SUFFIX"))
"""


@dataclass(frozen=True, slots=True)
class Image:
    """What makes an image differ: the first program, and what is mounted and trusted for it."""

    entrypoint: str
    argv: Sequence[str]
    mounted: Mapping[str, str]
    trusted: Sequence[str]
    library_path: str = "/lib"
    python_path: str = ""


def main(argv: Sequence[str]) -> None:
    """Measure all images in turn."""
    arguments = _parse(argv)
    if not all(shutil.which(tool) for tool in ("gramine-direct", "gramine-manifest")):
        print("gramine-direct: not measured, Gramine is not installed")
        return
    with (
        tempfile.TemporaryDirectory(prefix="ringtaw-bench-") as name,
        running_coordinator(OURS, MANIFEST.read_bytes()) as coordinator,
    ):
        directory = Path(name)
        shutil.copy("/bin/true", directory / "application")
        print("gramine-direct: installing images of the premain", flush=True)
        images = _images(directory, arguments)
        for label, image in images.items():
            _render(directory, label, image)
        environ = {
            **os.environ,
            "EDG_MARBLE_COORDINATOR_ADDR": coordinator.mesh_address,
            "EDG_MARBLE_TYPE": "application",
            "OE_SIMULATION": "1",
        }
        _report(directory, images, environ, arguments.runs)


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench gramine-direct", description=__doc__)
    parser.add_argument("--peer", help="path of a peer's premain for Gramine")
    parser.add_argument("--runs", type=int, default=15, help="runs of each (default 15)")
    parser.add_argument(
        "--python",
        type=Path,
        default=_interpreter(),
        help="interpreter of the images, of the same version as the one that measures "
        "(default: the distribution's, else that one)",
    )
    return parser.parse_args(argv)


def _interpreter() -> Path:
    distributions = Path(f"/usr/bin/python{sys.version_info[0]}.{sys.version_info[1]}")
    return distributions if distributions.exists() else Path(os.path.realpath(sys.executable))


def _images(directory: Path, arguments: argparse.Namespace) -> dict[str, Image]:
    images = {
        "no premain": Image("/application", ["application"], {}, ()),
        "before pruning": _unpruned(directory, arguments.python),
        "pruned": _pruned(directory, arguments.python),
    }
    if arguments.peer:
        peer = os.path.abspath(arguments.peer)
        images["peer"] = Image("/peer", ["/application"], {"/peer": peer}, [peer])
    return images


def _pruned(directory: Path, python: Path) -> Image:
    build(python, ["gramine"], directory / "pruned")
    interpreter = f"/premain/{INTERPRETER}"
    return Image(
        interpreter,
        [interpreter, *OPTIONS, *PREMAIN],
        {"/premain": "pruned"},
        ["pruned/"],
        library_path="/premain/lib:/lib",
    )


def _unpruned(directory: Path, python: Path) -> Image:
    """The interpreter where it is, with its standard library, and the premain from wheels."""
    answer = subprocess.run(
        [python, "-I", "-c", _WHERE], check=True, capture_output=True, text=True
    )
    library, major, minor, suffix = answer.stdout.split()
    site = directory / "site"
    _install(directory / "wheels", site, f"{major}.{minor}")
    dynamic = (Path(library, "lib-dynload", f"{name}{suffix}") for name in ("_ssl", "binascii"))
    modules = [path for path in (*dynamic, *site.rglob("*.so")) if path.exists()]
    libraries = _linked([python, *modules])
    folders = sorted({os.path.dirname(path) for path in libraries})
    mounted = {path: path for path in (library, str(python), *folders)}
    return Image(
        str(python),
        [str(python), "-P", "-s", *PREMAIN],
        {**mounted, "/premain": "site"},
        [str(python), f"{library}/", "site/", *libraries],
        library_path=":".join(["/lib", *folders]),
        python_path="/premain",
    )


def _install(wheels: Path, site: Path, version: str) -> None:
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    units = [str(PROJECT / unit) for unit in ("premain", "adapters/gramine")]
    options = ("--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels))
    subprocess.run([*pip, "wheel", *options, *units], check=True)
    constraints = ("--constraint", str(PROJECT / "constraints.txt"))
    target = ("--target", str(site), "--python-version", version, "--only-binary", ":all:")
    subprocess.run([*pip, "install", *constraints, *target, *wheels.iterdir()], check=True)


def _linked(binaries: Sequence[Path]) -> list[str]:
    """Return the files of what these are linked with, without the C library."""
    lines = subprocess.run(
        ["ldd", *map(str, binaries)], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    paths = {line.split("=> ")[1].split(" (")[0] for line in lines if "=> /" in line}
    own = ("libc.", "libm.", "libpthread.", "libdl.", "libutil.", "librt.")
    return sorted(path for path in paths if not os.path.basename(path).startswith(own))


def _render(directory: Path, label: str, image: Image) -> None:
    variables = {
        "entrypoint": image.entrypoint,
        "argv": json.dumps(list(image.argv)),
        "library_path": image.library_path,
        "python_path": image.python_path,
        "mounted": ",".join(f"{inside}={host}" for inside, host in image.mounted.items()),
        "trusted": ",".join(image.trusted),
    }
    definitions = [f"-D{name}={value}" for name, value in variables.items()]
    target = f"{_file(label)}.manifest"
    subprocess.run(
        ["gramine-manifest", *definitions, str(TEMPLATE), target], cwd=directory, check=True
    )


def _report(
    directory: Path, images: Mapping[str, Image], environ: Mapping[str, str], runs: int
) -> None:
    times: dict[str, list[float]] = {label: [] for label in images}
    for number in range(runs + 1):
        for label in images:
            begin = time.perf_counter()
            _run(directory, label, environ)
            if number:  # the first run warms the caches
                times[label].append((time.perf_counter() - begin) * 1000)
    for label, found in times.items():
        files, size = _trusted(directory, label)
        print(
            f"  {label}: {files} files, {size / 1e6:.1f} MB, median {statistics.median(found):.0f}"
            f" ms (min {min(found):.0f}, max {max(found):.0f}) of {runs} runs"
        )
    for label in ("before pruning", "peer"):
        if label in times:
            pairs = zip(times["pruned"], times[label], strict=True)
            ratio = statistics.median(pruned / other for pruned, other in pairs)
            print(f"  ratio pruned/{label}: median {ratio:.2f}")


def _run(directory: Path, label: str, environ: Mapping[str, str]) -> None:
    ran = subprocess.run(
        ["gramine-direct", _file(label)],
        cwd=directory,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if ran.returncode:
        raise SystemExit(f"{label} ended with {ran.returncode}:\n{ran.stdout.decode()}")


def _trusted(directory: Path, label: str) -> tuple[int, int]:
    """Return number and bytes of the files trusted for the premain: not Gramine's, not true."""
    manifest = tomllib.loads((directory / f"{_file(label)}.manifest").read_text())
    libos = next(m["uri"] for m in manifest["fs"]["mounts"] if m["path"] == "/lib")
    paths = {entry["uri"].removeprefix("file:") for entry in manifest["sgx"]["trusted_files"]}
    gramine = str(Path(libos.removeprefix("file:")).parents[1])
    own = [path for path in paths if not path.startswith(gramine) and path != "application"]
    return len(own), sum(os.path.getsize(directory / path) for path in own)


def _file(label: str) -> str:
    return label.replace(" ", "-")


if __name__ == "__main__":
    main(sys.argv[1:])

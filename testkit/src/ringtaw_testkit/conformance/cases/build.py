"""The build side: configurations good and bad, what is proposed for them, and host commands."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from ringtaw_testkit.conformance.context import Context, result_error
from ringtaw_testkit.conformance.garbage import artefacts, configurations, variations
from ringtaw_testkit.conformance.model import Cases, Failed, Side, Skipped, demand
from ringtaw_testkit.conformance.probe import CANARY, Observation

CASES: Final = Cases("build", Side.BUILD)
_CODE: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_COMMENT: Final = re.compile(r"\s*(#|//)")


@CASES.case(
    "hooks-are-the-contracts",
    because="a hook with a misspelt name would never be called, and nobody would notice",
)
def hooks_are_the_contracts(context: Context) -> None:
    """The class loads, and every method marked as a hook is one, with the contract's arguments."""
    if error := context.build.load_error:
        raise Failed(error.text)


@CASES.case(
    "hooks-are-marked",
    because="without the mark the plugin host takes it for an ordinary method and leaves it out",
)
def hooks_are_marked(context: Context) -> None:
    """Every method that has the name of a hook is marked with @hookimpl."""
    context.require_hook(context.build, "unmarked")
    unmarked = context.build.call("unmarked").value
    demand(not unmarked, f"without @hookimpl: {', '.join(unmarked)}")


@CASES.case(
    "survives-bad-configurations",
    because="a person whose file is broken needs to know where, not what broke in the adapter",
)
def survives_bad_configurations(context: Context) -> None:
    """For what is no configuration, validate_config has findings or raises a PlatformError."""
    for what, path in configurations(context.new_directory("garbage")):
        _contract_only(what, _validate(context, path))


@CASES.case(
    "prepare-survives-bad-configurations",
    because="a file that is not understood must be left as it is",
)
def prepare_survives_bad_configurations(context: Context) -> None:
    """For what is no configuration, prepare_config raises a PlatformError or proposes nothing."""
    for what, path in configurations(context.new_directory("garbage")):
        prepared = _prepare(context, path)
        _contract_only(what, prepared)


@CASES.case(
    "findings-are-complete",
    because="a finding without place or cure leaves its reader where they were",
)
def findings_are_complete(context: Context) -> None:
    """Every finding has a code of lower-case words, a line of the file, a message and a cure."""
    directory = context.new_directory("variations")
    paths = [path for _, path in configurations(directory)]
    for path in [*paths, *_variations(context, directory)]:
        seen = _validate(context, path)
        for finding in seen.result or ():
            _demand_complete(finding)
        demand((seen.result or ()) == (_validate(context, path).result or ()), "it varies")


@CASES.case(
    "survives-variations",
    because="configurations are written by people: a line is missing, doubled, cut off",
)
def survives_variations(context: Context) -> None:
    """For a good configuration with one line lost, doubled or cut, no hook fails unforeseen."""
    context.require_hook(context.build, "validate_config")
    sample = context.sample
    for path in variations(sample.config, context.new_directory("variations")):
        _contract_only(path.name, _validate(context, path))
        if "prepare_config" in context.build.hooks:
            _contract_only(path.name, _prepare(context, path))


@CASES.case(
    "accepts-what-is-good",
    because="who is told of errors that are none stops reading",
)
def accepts_what_is_good(context: Context) -> None:
    """A good configuration has no finding that is an error."""
    found = _validate(context, context.sample.config).value
    errors = [finding["code"] for finding in found if finding["severity"] == "error"]
    demand(not errors, f"it finds {', '.join(errors)}")


@CASES.case(
    "prepare-is-idempotent",
    because="people run it again; a premain that is added twice starts itself",
)
def prepare_is_idempotent(context: Context) -> None:
    """Once its proposal is carried out, prepare_config proposes nothing more."""
    copied = _copied_sample(context)
    proposed = _prepare(context, *copied).value["changes"]
    _carry_out(proposed)
    again = _prepare(context, *copied).value["changes"]
    demand(not again, f"it would change {', '.join(change['path'] for change in again)} again")


@CASES.case(
    "prepare-keeps-what-people-wrote",
    because="comments are why a configuration is as it is",
)
def prepare_keeps_what_people_wrote(context: Context) -> None:
    """Proposals begin with the file as it is and keep all its comments, in their order."""
    for change in _prepare(context, *_copied_sample(context)).value["changes"]:
        path = Path(change["path"])
        before = path.read_text(encoding="utf-8") if path.exists() else None
        demand(change["before"] == before, f"{path.name}: it says the file was another one")
        comments = [line.strip() for line in (before or "").splitlines() if _COMMENT.match(line)]
        rest = iter(line.strip() for line in change["after"].splitlines())
        lost = [comment for comment in comments if comment not in rest]
        demand(not lost, f"{path.name}: it loses the comment {lost[:1]}")


@CASES.case(
    "prepare-stays-with-its-files",
    because="nobody expects files elsewhere to change",
)
def prepare_stays_with_its_files(context: Context) -> None:
    """Proposals are for the configuration, its companions, and new files below their folder."""
    config, companions = _copied_sample(context)
    for change in _prepare(context, config, companions).value["changes"]:
        path = Path(change["path"]).resolve()
        inside = path.is_relative_to(config.parent.resolve())
        demand(inside or path in companions, f"it would change {path}")


@CASES.case(
    "survives-bad-artefacts",
    because="a package's identity read from something else would admit something else",
)
def survives_bad_artefacts(context: Context) -> None:
    """What is no built enclave is refused with a PlatformError that names the file."""
    for what, path in artefacts(context.new_directory("garbage")):
        text = result_error(_properties(context, path), "PlatformError")
        demand(path.name in text, f"{what}: the error does not name the file: {text}")


@CASES.case(
    "survives-damaged-artefacts",
    because="half a download must not become a package",
)
def survives_damaged_artefacts(context: Context) -> None:
    """A built enclave that was cut off is refused, or read where what counts is still whole."""
    artefact = _artefact(context)
    content = artefact.read_bytes()
    damaged = context.new_directory("damaged") / artefact.name
    for part in range(8):
        damaged.write_bytes(content[: len(content) * part // 8])
        _contract_only(f"{part}/8 of {artefact.name}", _properties(context, damaged))


@CASES.case(
    "reads-what-was-built",
    because="the manifest's package is made of it",
)
def reads_what_was_built(context: Context) -> None:
    """The properties of a built enclave are what they are known to be."""
    found = _properties(context, _artefact(context)).value
    expected = context.sample.properties
    if expected is None:
        raise Skipped("the harness does not say what the artefact is")
    for name, value in found.items():
        demand(value == getattr(expected, name), f"{name} is {value!r}")


@CASES.case(
    "command-tells-no-secret",
    because="everybody on the host can read the arguments of every process",
)
def command_tells_no_secret(context: Context) -> None:
    """Nothing of the environment gets into the command's arguments."""
    context.require_hook(context.build, "host_command")
    environ = {"PATH": "/usr/bin:/bin", "EDG_MARBLE_TYPE": "frontend", "TOKEN": CANARY.decode()}
    asked = context.build.call("host_command", {"arguments": ["image"], "environ": environ})
    _contract_only("host_command", asked)
    if asked.error:
        return
    command = asked.value
    demand(CANARY.decode() not in "\0".join(command["argv"]), "a secret is in the arguments")
    demand(command["install_hint"].strip(), "it does not say how to install the program")
    kept = command["environ"].get("EDG_MARBLE_TYPE") == "frontend"
    demand(kept or "frontend" in "\0".join(command["argv"]), "it loses the Marble's settings")


@CASES.case(
    "only-reads",
    because="whoever calls a hook shows what it proposes and asks before anything happens",
)
def only_reads(context: Context) -> None:
    """No hook writes, starts a process, calls anybody, prints or leaves anything behind."""
    _exercise(context)
    for seen in context.build.observations:
        done = [*seen.writes, *seen.starts, *seen.calls, *seen.leaks, *seen.told]
        done += [f"it prints {seen.output[:100]}"] if seen.output else []
        demand(not done, f"{seen.hook}: {', '.join(done[:3])}")


def _exercise(context: Context) -> None:
    """Call every hook once, with what is good if there is something."""
    context.require_hook(context.build, "unmarked")
    hooks = context.build.hooks
    garbage = context.new_directory("garbage")
    [(_, path), *_] = configurations(garbage)
    with suppress(Skipped):
        path = context.sample.unprepared or context.sample.config
    if "validate_config" in hooks:
        _validate(context, path)
    if "prepare_config" in hooks:
        _prepare(context, path)
    if "package_properties" in hooks:
        _properties(context, path)
    if "host_command" in hooks:
        context.build.call("host_command", {"arguments": [], "environ": {}})


def _validate(context: Context, path: Path) -> Observation:
    context.require_hook(context.build, "validate_config")
    variables = _variables(context)
    return context.build.call("validate_config", {"config": str(path), "variables": variables})


def _prepare(context: Context, path: Path, companions: tuple[Path, ...] = ()) -> Observation:
    context.require_hook(context.build, "prepare_config")
    request = {"config": str(path), "companions": [str(companion) for companion in companions]}
    return context.build.call("prepare_config", request)


def _properties(context: Context, path: Path) -> Observation:
    context.require_hook(context.build, "package_properties")
    return context.build.call("package_properties", {"artefact": str(path)})


def _contract_only(what: str, seen: Observation) -> None:
    try:
        if seen.error:
            result_error(seen, "PlatformError")
    except Failed as failed:
        raise Failed(f"{what}: {failed}") from None


def _demand_complete(finding: Mapping[str, Any]) -> None:
    code, line = finding["code"], finding["line"]
    demand(_CODE.fullmatch(code), f"{code!r} is not a code of lower-case words and hyphens")
    for part in ("message", "cure"):
        demand(finding[part].strip(), f"{code}: its {part} is empty")
    path = Path(finding["file"])
    demand(path.exists(), f"{code}: it is about {path}, which does not exist")
    if line is not None:
        count = path.read_bytes().count(b"\n") + 1 if path.is_file() else 0
        demand(1 <= line <= count, f"{code}: line {line} of {count}")


def _variables(context: Context) -> dict[str, str]:
    try:
        return dict(context.sample.variables)
    except Skipped:
        return {}


def _variations(context: Context, directory: Path) -> Iterator[Path]:
    with suppress(Skipped):
        sample = context.sample
        yield from variations(sample.config, directory)
        if sample.unprepared:
            yield sample.unprepared


def _copied_sample(context: Context) -> tuple[Path, tuple[Path, ...]]:
    """Return a copy of the sample's folder: its configuration and companions there."""
    context.require_hook(context.build, "prepare_config")
    sample = context.sample
    folder = context.new_directory("copy") / "project"
    shutil.copytree(sample.config.parent, folder)

    def moved(path: Path) -> Path:
        return folder / path.relative_to(sample.config.parent)

    config = moved(sample.unprepared or sample.config)
    return config, tuple(map(moved, sample.companions))


def _carry_out(changes: list[dict[str, Any]]) -> None:
    for change in changes:
        path = Path(change["path"])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(change["after"], encoding="utf-8")


def _artefact(context: Context) -> Path:
    context.require_hook(context.build, "package_properties")
    if context.sample.artefact is None:
        raise Skipped("the harness has no built enclave")
    return context.sample.artefact

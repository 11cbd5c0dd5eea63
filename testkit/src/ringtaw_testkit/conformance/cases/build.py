"""The build side, before the build: configurations good and bad, and what is proposed for them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from ringtaw_testkit.conformance.build_calls import demand_contract_only, prepare, validate
from ringtaw_testkit.conformance.context import Context
from ringtaw_testkit.conformance.garbage import configurations, variations
from ringtaw_testkit.conformance.model import Cases, Failed, Side, Skipped, demand

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
        demand_contract_only(what, validate(context, path))


@CASES.case(
    "prepare-survives-bad-configurations",
    because="a file that is not understood must be left as it is",
)
def prepare_survives_bad_configurations(context: Context) -> None:
    """For what is no configuration, prepare_config raises a PlatformError or proposes nothing."""
    for what, path in configurations(context.new_directory("garbage")):
        prepared = prepare(context, path)
        demand_contract_only(what, prepared)


@CASES.case(
    "findings-are-complete",
    because="a finding without place or cure leaves its reader where they were",
)
def findings_are_complete(context: Context) -> None:
    """Every finding has a code of lower-case words, a line of the file, a message and a cure."""
    directory = context.new_directory("variations")
    paths = [path for _, path in configurations(directory)]
    for path in [*paths, *_variations(context, directory)]:
        seen = validate(context, path)
        for finding in seen.result or ():
            _demand_complete(finding)
        demand((seen.result or ()) == (validate(context, path).result or ()), "it varies")


@CASES.case(
    "survives-variations",
    because="configurations are written by people: a line is missing, doubled, cut off",
)
def survives_variations(context: Context) -> None:
    """For a good configuration with one line lost, doubled or cut, no hook fails unforeseen."""
    context.require_hook(context.build, "validate_config")
    sample = context.sample
    for path in variations(sample.config, context.new_directory("variations")):
        demand_contract_only(path.name, validate(context, path))
        if "prepare_config" in context.build.hooks:
            demand_contract_only(path.name, prepare(context, path))


@CASES.case(
    "accepts-what-is-good",
    because="who is told of errors that are none stops reading",
)
def accepts_what_is_good(context: Context) -> None:
    """A good configuration has no finding that is an error."""
    found = validate(context, context.sample.config).value
    errors = [finding["code"] for finding in found if finding["severity"] == "error"]
    demand(not errors, f"it finds {', '.join(errors)}")


@CASES.case(
    "prepare-is-idempotent",
    because="people run it again; a premain that is added twice starts itself",
)
def prepare_is_idempotent(context: Context) -> None:
    """Once its proposal is carried out, prepare_config proposes nothing more."""
    copied = _copied_sample(context)
    proposed = prepare(context, *copied).value["changes"]
    _carry_out(proposed)
    again = prepare(context, *copied).value["changes"]
    demand(not again, f"it would change {', '.join(change['path'] for change in again)} again")


@CASES.case(
    "prepare-keeps-what-people-wrote",
    because="comments are why a configuration is as it is",
)
def prepare_keeps_what_people_wrote(context: Context) -> None:
    """Proposals begin with the file as it is and keep all its comments, in their order."""
    for change in prepare(context, *_copied_sample(context)).value["changes"]:
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
    for change in prepare(context, config, companions).value["changes"]:
        path = Path(change["path"]).resolve()
        inside = path.is_relative_to(config.parent.resolve())
        demand(inside or path in companions, f"it would change {path}")


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

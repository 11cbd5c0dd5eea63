"""Says what an EGo enclave needs to be a Marble: nothing in enclave.json.

EGo links MarbleRun's premain into its runtime and starts it when EDG_EGO_PREMAIN is 1, which
`ego marblerun` sets. EDG_* variables and the mount for the UUID file are there by themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from ringtaw_buildkit.document import parse_json, read_text
from ringtaw_buildkit.schema import schema_findings
from ringtaw_buildkit.subject import Subject
from ringtaw_premain.build_hookspecs import Preparation, PrepareRequest, Severity
from ringtaw_premain.errors import PlatformError
from ringtaw_schemas import libos_schema

from ringtaw_ego.build.codes import KINDS
from ringtaw_ego.build.configuration import canonical


def prepare(request: PrepareRequest) -> Preparation:
    """Return no changes, and what to put into the Coordinator's manifest instead.

    Raises:
        PlatformError: The file cannot be read, or EGo would refuse it.
    """
    schema = libos_schema("ego")
    document = canonical(parse_json(request.config, read_text(request.config)), schema)
    for finding in schema_findings(document, schema):
        if finding.severity is Severity.ERROR:
            place = f"{finding.file}:{finding.line}" if finding.line else finding.file
            what = f"{finding.pointer} {finding.message}".strip()
            raise PlatformError(f"{place}: {what}", hint=finding.cure)
    return Preparation(changes=(), notes=tuple(_notes(Subject(document, KINDS))))


def _notes(subject: Subject) -> Iterator[str]:
    exe = subject.text("exe") or "hello"
    name = exe.rpartition("/")[2]
    yield (
        "EGo has a premain of its own in its runtime, which `ego marblerun` "
        "turns on; no Python goes into the enclave"
    )
    yield (
        "EDG_MARBLE_TYPE, EDG_MARBLE_COORDINATOR_ADDR, EDG_MARBLE_DNS_NAMES and "
        "EDG_MARBLE_UUID_FILE come from the host by themselves; a variable with a value under env "
        "fixes one"
    )
    parameters = {"Parameters": {"Argv": [name]}}
    yield (
        "the manifest gives the arguments, the program's name first: "
        f"{json.dumps(parameters)}; secrets go into Env, or into Files outside of hostfs mounts"
    )
    if subject.flag("debug"):
        yield "debug is true: set it to false before production, and sign again"
    yield f"then: ego sign {subject.document.path}, ringtaw ego check, ego marblerun {exe}"

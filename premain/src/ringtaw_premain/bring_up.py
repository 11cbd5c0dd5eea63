"""The life of a Marble before its application, as a straight line."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from ringtaw_premain._protobuf import ActivationRequest
from ringtaw_premain.activation import activate
from ringtaw_premain.evidence import collect_evidence
from ringtaw_premain.files import place_files
from ringtaw_premain.identity import create_identity
from ringtaw_premain.launch import launch_request, replace_process
from ringtaw_premain.log import Log
from ringtaw_premain.plugins import choose_runtime
from ringtaw_premain.settings import read_settings
from ringtaw_premain.ttls import check_ttls
from ringtaw_premain.uuid_file import marble_uuid


def bring_up(arguments: Sequence[str], log: Log) -> NoReturn:
    """Do everything from reading the settings to becoming the application.

    Raises:
        PremainError: Something failed; nothing was started.
    """
    settings = read_settings(os.environ)
    runtime = choose_runtime(settings.adapter)
    if runtime.adapter.warning:
        log.warning(f"adapter({runtime.name}): {runtime.adapter.warning}")
    identity = create_identity(settings.names)
    uuid = marble_uuid(settings.uuid_file)
    log.info(f"activating Marble {uuid} of type {settings.marble_type} in {runtime.name}")
    evidence = collect_evidence(runtime, identity.certificate, settings.simulation, log)
    request = ActivationRequest(evidence, identity.request, settings.marble_type, uuid)
    parameters = activate(settings, identity, request, log)
    check_ttls(parameters.environment, runtime.adapter, log)
    launch = launch_request(
        os.environ, parameters.environment, parameters.argv, sys.orig_argv, arguments
    )
    placement = place_files(runtime.order_files(parameters.files))
    try:
        spec = runtime.launch_spec(launch)
        log.info(f"activated; files written: {len(parameters.files)}; starting {spec.program}")
        replace_process(spec)
    except BaseException:
        placement.undo()
        raise

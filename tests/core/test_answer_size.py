"""The size of an answer, against Protocol Buffers, and its limits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringtaw_coordinator.core.activation import equip
from ringtaw_coordinator.core.api import MarbleParameters
from ringtaw_coordinator.core.founding import found
from ringtaw_coordinator.core.parameters import MAX_ANSWER_BYTES, message_size
from ringtaw_coordinator.core.serving import serve
from ringtaw_coordinator.errors import ActivationError
from ringtaw_coordinator.manifest.load import load_manifest
from ringtaw_coordinator.secrets.derive import symmetric
from ringtaw_coordinator.state.model import new_deployment
from ringtaw_schemas.mesh.marble_pb2 import ActivationResp, Parameters

from tests.support.deployments import manifest, request

UUID = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
SIZES = st.sampled_from([0, 1, 100, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
CONTENTS = st.dictionaries(st.text(max_size=20), SIZES.map(bytes), max_size=3)


@given(CONTENTS, CONTENTS, st.lists(st.text(max_size=200), max_size=3))
def test_size_is_that_of_the_message(
    files: dict[str, bytes], env: dict[str, bytes], argv: list[str]
) -> None:
    message = ActivationResp(Parameters=Parameters(Files=files, Env=env, Argv=argv))
    parameters = MarbleParameters(files, env, tuple(argv))
    assert message_size(parameters) == message.ByteSize()


def equip_with(value: bytes) -> MarbleParameters:
    """Activate a Marble that gets this value of a user's secret in its environment."""
    raw = manifest(
        env={"ONE": "{{ string .Secrets.large }}"},
        Secrets={"large": {"Type": "plain", "UserDefined": True}},
    )
    loaded = load_manifest(raw).manifest
    deployment = found(new_deployment(["localhost"]), raw, loaded)
    deployment = replace(deployment, secrets={"large": symmetric(value)})
    return equip(serve(deployment, loaded), request(), UUID)


def test_answer_that_is_too_large_is_refused() -> None:
    fitting = equip_with(b"x" * (MAX_ANSWER_BYTES - 8000))
    assert message_size(fitting) <= MAX_ANSWER_BYTES
    with pytest.raises(ActivationError, match=f"at most {MAX_ANSWER_BYTES}"):
        equip_with(b"x" * (MAX_ANSWER_BYTES - 1000))


def test_nul_in_the_environment_is_refused() -> None:
    with pytest.raises(ActivationError, match=r"ONE|NUL"):
        equip_with(b"a\0b")

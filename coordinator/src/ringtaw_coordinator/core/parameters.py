"""What an admitted Marble receives: files, environment and argv."""

from __future__ import annotations

from typing import Final

from ringtaw_coordinator.core.api import MarbleParameters
from ringtaw_coordinator.core.serving import Authority, ServedMarble, Serving
from ringtaw_coordinator.core.ttls import Credentials, credentials, ttls_config
from ringtaw_coordinator.errors import ActivationError, TemplateError
from ringtaw_coordinator.manifest.model import Manifest
from ringtaw_coordinator.names import quoted
from ringtaw_coordinator.secrets.source import MarbleSecrets
from ringtaw_coordinator.secrets.value import SecretValue
from ringtaw_coordinator.templates import TemplateData, TypedSecret

MAX_ANSWER_BYTES: Final = 4 << 20
"""Size of a message that gRPC clients accept by default."""

ROOT_CA: Final = "MARBLE_PREDEFINED_ROOT_CA"
CERTIFICATE_CHAIN: Final = "MARBLE_PREDEFINED_MARBLE_CERTIFICATE_CHAIN"
PRIVATE_KEY: Final = "MARBLE_PREDEFINED_PRIVATE_KEY"
COORDINATOR_ROOT_CA: Final = "MARBLE_PREDEFINED_COORDINATOR_ROOT_CA"
TTLS_CONFIG: Final = "MARBLE_TTLS_CONFIG"


def make_parameters(
    serving: Serving, marble: ServedMarble, secrets: MarbleSecrets, leaf: SecretValue
) -> MarbleParameters:
    """Render everything for a Marble with the certificate and key ``leaf``.

    Raises:
        ActivationError: A secret has no value, a template fails, or the answer is too large.
    """
    data = _template_data(serving.manifest, serving.authority, marble, secrets, leaf)
    try:
        files, env = marble.templates.render(data)
    except TemplateError as error:
        raise ActivationError(str(error)) from None
    env |= _predefined(serving.authority, marble, secrets, leaf)
    parameters = MarbleParameters(files, env, marble.definition.parameters.argv)
    _check(parameters)
    return parameters


def _template_data(
    manifest: Manifest,
    authority: Authority,
    marble: ServedMarble,
    secrets: MarbleSecrets,
    leaf: SecretValue,
) -> TemplateData:
    definitions = manifest.secrets
    current = marble.templates.secrets
    previous = marble.templates.previous_secrets
    return TemplateData(
        {name: TypedSecret(definitions[name].type, secrets.current(name)) for name in current},
        {name: TypedSecret(definitions[name].type, secrets.previous(name)) for name in previous},
        {**authority.template_data, "MarbleCert": leaf},
    )


def _predefined(
    authority: Authority, marble: ServedMarble, secrets: MarbleSecrets, leaf: SecretValue
) -> dict[str, bytes]:
    own = credentials(leaf)
    texts = {
        ROOT_CA: authority.marble_root,
        CERTIFICATE_CHAIN: own.certificate + authority.intermediate,
        PRIVATE_KEY: own.private_key,
        COORDINATOR_ROOT_CA: authority.root,
    }
    if marble.tls:
        shown = {name: _shown(name, secrets.current(name)) for name in marble.tls_secrets}
        texts[TTLS_CONFIG] = ttls_config(marble.tls, authority.marble_root, own, shown)
    return {name: text.encode() for name, text in texts.items()}


def _shown(name: str, secret: SecretValue) -> Credentials:
    if not secret.certificate or not secret.private:
        raise ActivationError(
            f"the secret {quoted(name)} is presented by a TLS tag but lacks certificate or key; "
            "if it is user-defined, a user has to upload both"
        )
    return credentials(secret)


def _check(parameters: MarbleParameters) -> None:
    for name, value in parameters.env.items():
        if b"\0" in value:
            raise ActivationError(f"the environment variable {quoted(name)} contains a NUL byte")
    size = message_size(parameters)
    if size > MAX_ANSWER_BYTES:
        raise ActivationError(
            f"files, environment and arguments have {size} bytes together; "
            f"at most {MAX_ANSWER_BYTES} fit into one answer"
        )


def message_size(parameters: MarbleParameters) -> int:
    """Return the size of the answer as Protocol Buffers encode it."""
    entries = [*parameters.files.items(), *parameters.env.items()]
    size = sum(_field(_field(len(key.encode())) + _field(len(value))) for key, value in entries)
    size += sum(_field(len(argument.encode())) for argument in parameters.argv)
    return _field(size)


def _field(length: int) -> int:
    """Return the size of a length-delimited field: a tag, the length as a varint, the content."""
    return 1 + max(1, -(-length.bit_length() // 7)) + length

"""The types of the client API's requests and answers, as JSON Schema (draft 2020-12).

They are used three times: requests are read by them, and the OpenAPI description and the
documentation show them. Of the standard only what stands here is in use.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

Schema = Mapping[str, Any]

BASE64: Final = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"
MAX_UINT64: Final = (1 << 64) - 1


def text(description: str, **more: Any) -> Schema:
    """Return the type of strings."""
    return {"type": "string", "description": description, **more}


def data(description: str) -> Schema:
    """Return the type of bytes in base64 (RFC 4648 section 4), padded."""
    return text(description, contentEncoding="base64", pattern=BASE64)


def number(description: str, minimum: int = 0, maximum: int = MAX_UINT64) -> Schema:
    """Return the type of integers; in JSON they have neither point nor exponent."""
    return {
        "type": "integer",
        "minimum": minimum,
        "maximum": maximum,
        "description": description,
    }


def flag(description: str) -> Schema:
    """Return the type of booleans."""
    return {"type": "boolean", "description": description}


def nullable(schema: Schema) -> Schema:
    """Return the type that has null beside the values of ``schema``."""
    return {**schema, "type": [schema["type"], "null"]}


def array(items: Schema, description: str) -> Schema:
    """Return the type of lists."""
    return {"type": "array", "items": items, "description": description}


def mapping(values: Schema, description: str) -> Schema:
    """Return the type of objects whose keys are names."""
    return {"type": "object", "additionalProperties": values, "description": description}


def record(required: Mapping[str, Schema], **optional: Schema) -> Schema:
    """Return the type of objects with these keys and no other.

    In requests keys are taken in any letter case, as Go takes them.
    """
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
        "additionalProperties": False,
    }


def reference(name: str) -> Schema:
    """Return the type of this name."""
    return {"$ref": f"#/components/schemas/{name}"}


def resolve(schema: Schema) -> Schema:
    """Return what a reference stands for, anything else as it is."""
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return TYPES[name] if name else schema


NOTHING: Final = {"type": "null"}
RAW: Final = {"type": "string", "format": "binary", "description": "The manifest, as it is."}
"""A body that is no JSON envelope."""

RECOVERY_SECRETS: Final = mapping(
    data("Encrypted to the recovery key."), "What each owner of a recovery key has to keep."
)
MISSING_USERS: Final = array({"type": "string"}, "Names of those who may still acknowledge.")
WARNINGS: Final = array({"type": "string"}, "What is doubtful in the manifest.")
SIMULATION: Final = flag("There if no evidence is checked.")
SOFTWARE_TEE: Final = flag("There if no hardware stands behind the evidence.")

PROGRESS: Final = {
    "missingAcknowledgments": number("How many more are needed; 0: it is in force."),
    "missingUsers": MISSING_USERS,
}
PROGRESS_AND_MORE: Final = {"recoverySecrets": RECOVERY_SECRETS, "warnings": WARNINGS}

TYPES: Final[Mapping[str, Schema]] = {
    "Manifest": record({"manifest": data("The manifest's very bytes.")}),
    "Secret": {
        "title": "Secret",
        **record(
            {
                "Type": text("As in the manifest."),
                "Size": number("Bits; 0 if the manifest does not say."),
                "Shared": flag("Whether all Marbles have the same."),
                "UserDefined": flag("Whether users set it."),
                "Cert": nullable(data("Certificate, DER.")),
                "ValidFor": number("Days; 0 if the manifest does not say."),
                "Private": nullable(data("Private key, or the value of one without a key pair.")),
                "Public": nullable(data("Public key, or the value of one without a key pair.")),
            }
        ),
    },
    "SecretUpload": {
        "title": "SecretUpload",
        **record(
            {},
            Key=nullable(data("Value of a symmetric key or of plain data.")),
            Cert=nullable(data("Certificate, DER.")),
            Private=nullable(data("Its private key, DER: PKCS #8, PKCS #1 or SEC 1.")),
        ),
    },
    "UpdateProgress": record(PROGRESS, **PROGRESS_AND_MORE),
}
"""Types with a name."""

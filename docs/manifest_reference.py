"""Generates docs/manifest-reference.md from the schema: ``python -m docs.manifest_reference``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ringtaw_schemas import manifest_schema

PAGE: Final = Path(__file__).with_name("manifest-reference.md")
Schema = Mapping[str, Any]

INTRODUCTION: Final = """\
# Manifest reference

A manifest is a JSON object that says what a deployment consists of, and what it may do. The format
is MarbleRun's. This page is generated from the JSON Schema,
[manifest.schema.json](../schemas/src/ringtaw_schemas/manifest.schema.json): give that to your
editor for completion and descriptions (in Visual Studio Code, under `json.schemas`).

## How it is read

* Keys are taken in any letter case; names (of packages, Marbles, secrets, files, variables, …) and
  values are not, except feature gates, actions and encodings.
* A key that is not known is refused, with the nearest known one. Within `Cert` it is a warning.
* A key that is there twice is refused, in whatever letter case.
* `null` and the zero value of a type (`""`, `0`, `false`, `[]`, `{}`) mean that a value is absent,
  unless the tables say that zero is a value.
* Integers are plain digits: neither `128.0` nor `1e2`.
* Bytes are base64 (standard alphabet, padded), or an array of numbers from 0 to 255.
* At most 16 MiB, 100,000 values, nested 64 deep; UTF-8 without byte order mark.

All that is wrong with a manifest is reported at once, each with a JSON Pointer to the place.

## Example

```json
"""
EXAMPLE: Final = {
    "Packages": {
        "server": {
            "SignerID": "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00",
            "ProductID": 7,
            "SecurityVersion": 2,
        }
    },
    "Marbles": {
        "frontend": {
            "Package": "server",
            "Parameters": {
                "Argv": ["server", "--listen", "0.0.0.0:8443"],
                "Env": {"API_TOKEN": "{{ string .Secrets.token }}"},
                "Files": {
                    "/run/tls/cert.pem": "{{ pem .MarbleRun.MarbleCert.Cert }}",
                    "/run/tls/key.pem": "{{ pem .MarbleRun.MarbleCert.Private }}",
                    "/run/tls/ca.pem": "{{ pem .MarbleRun.RootCA.Cert }}",
                    "/run/disk.key": '{{ raw (index .Secrets "disk-key") }}',
                },
            },
        }
    },
    "Secrets": {
        "disk-key": {"Type": "symmetric-key", "Size": 256},
        "token": {"Type": "plain", "UserDefined": True},
    },
}
TEMPLATES: Final = """\
## Templates

The contents of `Files` and `Env` are templates in the syntax of Go's text/template: text, and
actions `{{ … }}` that insert a secret. `{{-` and `-}}` trim white space, `{{/* … */}}` is a
comment. Fields, `index`, parentheses, pipelines and string literals are supported; variables,
conditions, loops and other functions are refused.

| data | stands for |
| --- | --- |
| `.Secrets.NAME` | a secret of this manifest |
| `(index .Secrets "NAME")` | the same, for names with other characters than letters, digits, `_` |
| `.Previous.Secrets.NAME` | its value before the root secret was last rotated |
| `.MarbleRun.MarbleCert` | the certificate and key of this very Marble |
| `.MarbleRun.RootCA` | the Marble root certificate, which all Marbles trust |
| `.MarbleRun.CoordinatorRoot` | the Coordinator's root certificate, which never changes |
| `.MarbleRun.CoordinatorIntermediate` | the Coordinator's intermediate certificate |

Each has the parts `.Cert`, `.Public` and `.Private`. Symmetric keys and plain data have no `.Cert`;
of the `.MarbleRun` ones only `MarbleCert` has keys. A secret as a whole is its public part, which
is the key itself for a symmetric key.

| function | in files | in variables | gives |
| --- | --- | --- | --- |
| `pem` | yes | yes | PEM of a part: `CERTIFICATE`, `PUBLIC KEY` or `PRIVATE KEY` (PKCS #8) |
| `hex` | yes | yes | hexadecimal digits |
| `base64` | yes | yes | base64, standard alphabet, padded |
| `raw` | yes | no | the bytes: DER of a certificate or key |
| `string` | no | yes | a secret of type `plain`, as it is; it must not contain a NUL byte |

When a manifest is set all templates are rendered with stand-ins for the secrets, so that mistakes
show before a Marble starts.

"""
_OBJECTS: Final = {
    "Packages": ("Package", "TrustDomain"),
    "Infrastructures": ("Infrastructure",),
    "Marbles": ("Marble", "Parameters", "EncodedContent"),
    "Secrets": ("Secret", "Certificate", "Name", "URI", "IPRange"),
    "Users": ("User",),
    "Roles": ("Role",),
    "RecoveryKeys": (),
    "TLS": ("TLSTag", "TLSOutgoing", "TLSIncoming"),
    "Config": ("Config",),
}
"""Which definitions each section shows, in this order."""


def render() -> str:
    """Return the whole page."""
    schema = manifest_schema()
    example = json.dumps(EXAMPLE, indent=2)
    sections = [_section(schema, name, names) for name, names in _OBJECTS.items()]
    return "".join([INTRODUCTION, example, "\n```\n\n", TEMPLATES, "\n".join(sections)])


def _section(schema: Schema, name: str, definitions: tuple[str, ...]) -> str:
    section = _resolved(schema, schema["properties"][name])
    required = " Required." if name in schema["required"] else ""
    parts = [f"## {name}\n\n{section['description']}{required}\n"]
    for definition in definitions:
        described = schema["$defs"][definition]
        if described is not section:
            parts.append(f"### {described['title']}\n\n{described['description']}\n")
        parts.append("\n".join(_table(schema, described)) + "\n")
    return "\n".join(parts)


def _resolved(schema: Schema, value: Schema) -> Schema:
    reference = value.get("$ref")
    if reference is None:
        return value
    target: Schema = schema["$defs"][reference.removeprefix("#/$defs/")]
    return target if len(value) == 1 else {**target, **value}


def _table(schema: Schema, described: Schema) -> Iterator[str]:
    values = {key: _resolved(schema, value) for key, value in described["properties"].items()}
    ignored = [key for key, value in values.items() if "x-ignored" in value]
    refused = [key for key, value in values.items() if _only_zero(value)]
    yield "| key | type | default | meaning |"
    yield "| --- | --- | --- | --- |"
    for key, value in values.items():
        if key not in (*ignored, *refused):
            default = f"`{json.dumps(value['default'])}`" if "default" in value else ""
            default = "required" if key in described.get("required", ()) else default
            yield f"| `{key}` | {_type(schema, value)} | {default} | {_meaning(value)} |"
    for names, fate in ((ignored, "Accepted and ignored"), (refused, "Refused unless empty")):
        if names:
            yield f"\n{fate}: {', '.join(f'`{name}`' for name in names)}."


def _only_zero(value: Schema) -> bool:
    choices = value.get("enum", [value["const"]] if "const" in value else [True])
    return not any(choices)


def _type(schema: Schema, value: Schema) -> str:
    value = _resolved(schema, value)
    if "anyOf" in value:
        return " or ".join(_type(schema, alternative) for alternative in value["anyOf"])
    if "enum" in value:
        return "one of " + ", ".join(f"`{json.dumps(choice)}`" for choice in value["enum"])
    if value["type"] == "array":
        return f"array of {_type(schema, value['items'])}"
    if isinstance(value.get("additionalProperties"), dict):
        return f"object: name to {_type(schema, value['additionalProperties'])}"
    if value["type"] == "object":
        return str(value["title"])
    return "base64" if value.get("contentEncoding") == "base64" else str(value["type"])


def _meaning(value: Schema) -> str:
    meaning = str(value["description"])
    if examples := value.get("examples"):
        meaning += f" Example: `{json.dumps(examples[0])}`."
    return meaning.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(render())

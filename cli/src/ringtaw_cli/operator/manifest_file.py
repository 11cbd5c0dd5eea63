"""Manifests in files. YAML is turned into JSON as MarbleRun's CLI does, byte for byte.

The Coordinator knows JSON alone, and a manifest's fingerprint is that of its bytes. Go's encoder
sorts members and escapes ``<``, ``>``, ``&``, U+2028 and U+2029 (Go documentation of
``json.Marshal``); the YAML is of version 1.1.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from ringtaw_client import InputError

from ringtaw_cli.session.files import input_name, read_input

if TYPE_CHECKING:
    from ruamel.yaml import YAML

_ESCAPES: Final = {ord(one): f"\\u{ord(one):04x}" for one in "<>&\u2028\u2029"}


def read_manifest(path: Path) -> bytes:
    """Return the manifest in a file, or in stdin for ``-``: JSON as it is, YAML as JSON.

    Raises:
        InputError: It cannot be read, or is neither.
    """
    content = read_input(path)
    if _is_json(content):
        return content
    try:
        return _json_of_yaml(content)
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(
            f"{input_name(path)} is neither JSON nor YAML: {_reason(content, error)}",
            hint="ringtaw manifest check says what is wrong and where",
        ) from None


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):  # UnicodeDecodeError too
        return False
    return True


def _json_of_yaml(content: bytes) -> bytes:
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        with warnings.catch_warnings(action="ignore"):  # of numbers such as 1e3, which Go takes
            document = _yaml_reader().load(content.decode())
    except MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ValueError(f"{line}{error.problem}") from None
    except YAMLError as error:
        raise ValueError(str(error)) from None
    if not isinstance(document, dict):
        raise ValueError("it is no mapping")
    text = json.dumps(_keyed(document), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.translate(_ESCAPES).encode()


def _yaml_reader() -> YAML:
    """Return a reader to which 12:30 is text, as to Go's, and not a number of base 60."""
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import SafeConstructor

    class Constructor(SafeConstructor):
        def construct_yaml_int(self, node: Any) -> Any:
            return node.value if ":" in node.value else super().construct_yaml_int(node)

    Constructor.add_constructor("tag:yaml.org,2002:int", Constructor.construct_yaml_int)
    reader = YAML(typ="safe", pure=True)
    reader.version = (1, 1)
    reader.Constructor = Constructor
    return reader


def _keyed(value: Any) -> Any:
    """Return a value in which all keys are strings, and whole numbers have no fraction."""
    if isinstance(value, dict):
        return {_key(name): _keyed(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_keyed(element) for element in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _key(name: object) -> str:
    return name if isinstance(name, str) else json.dumps(name)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _reason(content: bytes, error: Exception) -> str:
    """Return what is wrong, in the words of the language that was meant."""
    if not content.strip():
        return "it is empty"
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start + 1} is not UTF-8 text"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if content.lstrip().startswith(b"{"):
        try:
            json.loads(content, parse_constant=_refuse)
        except ValueError as about_json:
            return str(about_json)
    return " ".join(str(error).split())[:200]

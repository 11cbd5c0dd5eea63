"""Changes single values in JSON text and leaves every other byte as its author wrote it.

Public. For files that people keep: nothing is re-indented, re-ordered or re-encoded.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from ringtaw_buildkit._json_reader import JSONReader
from ringtaw_buildkit._positions import Keys

_INDENTATION: Final = re.compile(r"^([ \t]+)\S", re.MULTILINE)
_MEMBER_END: Final = re.compile(r"[ \t\r\n]*(,?)[ \t\r\n]*")


def set_value(text: str, keys: Keys, value: Any) -> str:
    """Return JSON text in which the value at that path is ``value``; missing objects are made.

    The text must be valid JSON (:func:`ringtaw_buildkit.document.parse_json` has said so), and
    what the path leads through must be objects, or elements that exist.

    Raises:
        KeyError: The path leads through something else.
    """
    reader = JSONReader(text)
    data = reader.read()
    known = len(keys)
    while keys[:known] not in reader.spans:
        known -= 1
    if known == len(keys):
        start, end = reader.spans[keys]
        return text[:start] + _written(text, value, _line_indent(text, start)) + text[end:]
    for key in reversed(keys[known + 1 :]):
        value = {key: value}
    if not isinstance(_at(data, keys[:known]), dict):
        raise KeyError(keys[: known + 1])
    return _insert(text, reader, keys[: known + 1], value)


def remove_key(text: str, keys: Keys) -> str:
    """Return JSON text without the member at that path of an object; the same if it is absent."""
    reader = JSONReader(text)
    reader.read()
    if keys not in reader.starts:
        return text
    start, end = reader.starts[keys], reader.spans[keys][1]
    after = _MEMBER_END.match(text, end)
    if after and after[1]:  # another member follows: it takes this one's place
        return text[:start] + text[after.end() :]
    before = text[:start].rstrip(" \t\r\n")
    return before.removesuffix(",") + text[end:]


def _insert(text: str, reader: JSONReader, keys: Keys, value: Any) -> str:
    """Put a new last member into an object that exists."""
    parent, name = keys[:-1], json.dumps(keys[-1], ensure_ascii=False)
    start, end = reader.spans[parent]
    members = [path for path in reader.starts if path[:-1] == parent]
    if not members:
        outer = _line_indent(text, start)
        inner = outer + _unit(text)
        member = f"{inner}{name}: {_written(text, value, inner)}"
        return f"{text[: start + 1]}{_break(text)}{member}{_break(text)}{outer}{text[end - 1 :]}"
    last_start, last_end = reader.starts[members[-1]], reader.spans[members[-1]][1]
    if "\n" not in text[start:last_start]:
        member = f", {name}: {json.dumps(value, ensure_ascii=False)}"
    else:
        indent = _line_indent(text, last_start)
        member = f",{_break(text)}{indent}{name}: {_written(text, value, indent)}"
    return text[:last_end] + member + text[last_end:]


def _written(text: str, value: Any, indent: str) -> str:
    """Return a value as the file's author would write it on a line of that indentation."""
    written = json.dumps(value, ensure_ascii=False, indent=_unit(text))
    return written.replace("\n", _break(text) + indent)


def _break(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _unit(text: str) -> str:
    indentation = _INDENTATION.search(text)
    return indentation[1] if indentation else "  "


def _line_indent(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _at(data: Any, keys: Keys) -> Any:
    for key in keys:
        data = data[key]
    return data

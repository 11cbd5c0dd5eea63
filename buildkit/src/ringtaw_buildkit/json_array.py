"""Adds elements to an array in JSON text and leaves every other byte as its author wrote it.

Public. The counterpart of :mod:`ringtaw_buildkit.json_edit` for arrays.
"""

from __future__ import annotations

import json
from typing import Any

from ringtaw_buildkit._json_reader import JSONReader
from ringtaw_buildkit._positions import Keys


def append(text: str, keys: Keys, value: Any) -> str:
    """Return JSON text in which the array at that path ends with ``value``.

    The text must be valid JSON. The new element goes onto a line of its own if the others have
    lines of their own.

    Raises:
        KeyError: There is no array at that path.
    """
    reader = JSONReader(text)
    reader.read()
    if keys not in reader.spans or text[reader.spans[keys][0]] != "[":
        raise KeyError(keys)
    start, _ = reader.spans[keys]
    written = json.dumps(value, ensure_ascii=False)
    elements = [span for path, span in reader.spans.items() if path[:-1] == keys and path != keys]
    if not elements:
        return text[: start + 1] + written + text[start + 1 :]
    first, last = elements[0], elements[-1]
    before = text[start + 1 : last[0]] if first is last else text[elements[-2][1] : last[0]]
    gap = before.partition(",")[2] if first is not last else before
    separator = f",{gap}" if "\n" in gap else ", "
    return text[: last[1]] + separator + written + text[last[1] :]

"""What a violation of a JSON Schema says in words."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

_LONGEST: Final = 60
"""Characters of a value that are shown."""

_TYPES: Final = {
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "null": "null",
}
_LIMITS: Final = {
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "multipleOf": "must be a multiple of {}",
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minItems": "must have at least {} elements",
    "maxItems": "must have at most {} elements",
    "minProperties": "must have at least {} keys",
    "maxProperties": "must have at most {} keys",
    "pattern": "must match the pattern {}",
}
_OTHERS: Final = {
    "uniqueItems": "must not have an element twice",
    "not": "must not be this",
    "contains": "lacks an element that it needs",
}


def must(keyword: str, value: Any, object_word: str) -> str:
    """Return what a keyword with that value demands."""
    match keyword:
        case "type":
            names = [value] if isinstance(value, str) else value
            return f"must be {choice(names, (), object_word)}"
        case "enum":
            return f"must be {choice((), value, object_word)}"
        case "const":
            return f"must be {shown(value, object_word)}"
        case "minLength" | "minItems" | "minProperties" if value == 1:
            return "must not be empty"
        case "maxLength" | "maxItems" | "maxProperties" if value == 1:
            return _LIMITS[keyword].format(value).removesuffix("s")
        case _ if keyword in _LIMITS:
            return _LIMITS[keyword].format(value)
    return _OTHERS.get(keyword, "is not allowed here")


def choice(names: Sequence[str], values: Iterable[Any], object_word: str) -> str:
    """Return what may be there where types as well as single values are accepted."""
    kinds = [_TYPES.get(name, f"{_article(object_word)} {object_word}") for name in names]
    return _either([*kinds, *(shown(value, object_word) for value in values)])


def shown(value: Any, object_word: str, *, secret: bool = False) -> str:
    """Return a value if it is short, no container and no secret, else what kind it is."""
    if isinstance(value, Mapping):
        return f"{_article(object_word)} {object_word}"
    if isinstance(value, list):
        return "a list"
    if secret:
        return "something else"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def did_you_mean(wrong: Any, right: Iterable[Any]) -> str:
    """Return a question with the nearest of the right words, or nothing if none is near."""
    words = [word for word in right if isinstance(word, str)]
    nearest = get_close_matches(wrong, words, n=1) if isinstance(wrong, str) else []
    return f"; did you mean {json.dumps(nearest[0])}?" if nearest else ""


def _either(words: Iterable[str]) -> str:
    *others, last = dict.fromkeys(words)
    return f"{', '.join(others)} or {last}" if others else last


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"

"""Calls one hook of an adapter through the plugin host; run as a program inside a stand-in.

``python call_hook.py ADAPTER HOOK [ARGUMENT]`` prints JSON: ``result``, or the
``error``'s class and ``text``. Report data are hexadecimal digits; files are JSON from path to
hexadecimal digits.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Final

from ringtaw_premain.errors import PremainError
from ringtaw_premain.hookspecs import KeyBinding
from ringtaw_premain.plugins import Runtime, installed_adapters, load_adapter

HOOKS: Final[dict[str, Callable[[Runtime, str], object]]] = {
    "detect": lambda runtime, _: runtime.detect(),
    "issue_evidence": lambda runtime, data: runtime.issue_evidence(bytes.fromhex(data)).hex(),
    "sealing_key": lambda runtime, binding: runtime.sealing_key(KeyBinding(binding)).hex(),
    "order_files": lambda runtime, files: [
        [write.path, write.content.hex(), write.mode.value]
        for write in runtime.order_files(
            {path: bytes.fromhex(content) for path, content in json.loads(files).items()}
        )
    ],
}


def main(adapter: str, hook: str, argument: str = "") -> None:
    """Print what the hook answers."""
    try:
        runtime = Runtime(load_adapter(installed_adapters()[adapter]))
        answer = {"result": HOOKS[hook](runtime, argument)}
    except PremainError as error:
        answer = {"error": type(error).__name__, "text": str(error)}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Compiles modules for a runtime: bytecode that is never compared with a source.

Standard input: ``[[source, target, name in tracebacks], ...]``. Modification times mean nothing in
an enclave, so the bytecode carries the hash of its source and says that it is not to be checked
(PEP 552). The same input gives the same bytes.
"""

from __future__ import annotations

import json
import sys
from importlib import _bootstrap_external, util


def main() -> None:
    """Do what standard input asks for."""
    for source, target, name in json.load(sys.stdin):
        with open(source, "rb") as file:
            text = file.read()
        code = compile(text, name, "exec", dont_inherit=True, optimize=0)
        # py_compile does the same, and takes no other name for tracebacks than a path it writes to.
        to_bytecode = _bootstrap_external._code_to_hash_pyc  # type: ignore[attr-defined] # private
        content = to_bytecode(code, util.source_hash(text), False)
        with open(target, "wb") as file:
            file.write(content)


if __name__ == "__main__":
    main()

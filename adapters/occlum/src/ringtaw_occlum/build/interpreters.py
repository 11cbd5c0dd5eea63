"""Programs that run what their arguments say, so that no host may start them."""

from __future__ import annotations

import posixpath
import re
from typing import Final

_NAMES: Final = re.compile(
    r"(?:python|pypy|perl|ruby|node|nodejs|deno|bun|lua|luajit|php|java|jshell|guile|tclsh|erl|R"
    r"|Rscript|julia|gawk|mawk|awk|sh|bash|dash|ash|ksh|zsh|csh|tcsh|fish|busybox|toybox|env"
    r"|nohup|xargs|find|gdb|gdbserver|strace|vim?|sed|make|sqlite3)[0-9.]*"
    r"|ld-linux[\w.-]*|ld-musl[\w.-]*|ld\.so[\w.-]*|ld-[0-9.]+\.so"
)


def is_interpreter(path: str) -> bool:
    """Whether the program at that path, judged by its name, runs whatever it is told to."""
    return _NAMES.fullmatch(posixpath.basename(path.rstrip("/"))) is not None

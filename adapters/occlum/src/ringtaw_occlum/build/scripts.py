"""Scripts in the image: what Occlum asks of their first line and their permissions.

Source: Occlum, src/libos/src/process/do_spawn/exec_loader.rs: all after ``#!`` is the
interpreter's path, which must be that of an ELF file.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringtaw_premain.build_hookspecs import Finding

from ringtaw_occlum.build.configuration import Configuration


def script_findings(config: Configuration, path: str, *keys: str | int) -> Iterator[Finding]:
    """Yield what keeps Occlum from executing the program at a path of the image.

    ``keys`` is where the configuration, or the manifest if it begins there, names the program.
    """
    program = config.image.find(path)
    if program is None:
        return
    report = (
        config.subject.finding if keys[0] == "entry_points" else config.subject.manifest_finding
    )
    if not program.is_executable():
        yield report(
            "not-executable",
            *keys,
            message=f"{program.path} has no permission to be executed",
            cure=f"chmod 755 {program.path}",
        )
    line = program.interpreter_line()
    if line is not None and [line] != line.split():
        yield report(
            "script-arguments",
            *keys,
            message=f"Occlum takes all of {line!r} for the path of the interpreter of {path}",
            cure=f"write `#!{_interpreter(line.split())}` without arguments or space at its end",
        )


def _interpreter(words: list[str]) -> str:
    """Return the interpreter that was meant."""
    if not words:
        return "/bin/python3"
    if words[0].endswith("/env") and len(words) > 1:
        return f"/bin/{words[-1]}"
    return words[0]

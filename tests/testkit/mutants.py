"""Adapters with one thing wrong: what ``ringtaw adapter new`` makes, with a piece replaced."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path

from ringtaw_testkit.harness import Harness, find_harness
from ringtaw_testkit.scaffold import new_adapter

HARNESS = "harness.py"
_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Mutant:
    """An adapter whose ``file`` has ``new`` in place of ``old``, which ``case`` has to notice."""

    case: str
    says: str
    file: str
    old: str
    new: str
    number: int = field(default_factory=lambda: next(_NUMBERS))

    @property
    def adapter(self) -> str:
        """A name of its own, since modules stay loaded."""
        return f"mutant{self.number}"


def install(mutant: Mutant, directory: Path) -> Harness:
    """Put it into a directory of ``sys.path``, and return its harness."""
    name, module = mutant.adapter, f"ringtaw_{mutant.adapter}"
    project = new_adapter(name, directory / "project")
    (directory / module).symlink_to(project / "src" / module)
    declare(directory, name, f"{module}:ADAPTER")
    path = project / "tests/harness.py" if mutant.file == HARNESS else project / "src" / module
    path = path / mutant.file if path.is_dir() else path
    content = path.read_text()
    assert mutant.old in content, f"{mutant.old!r} is not in {path.name}"
    path.write_text(content.replace(mutant.old, mutant.new, 1))
    return find_harness(name, directory=project)


def declare(directory: Path, name: str, reference: str, distribution: str = "") -> None:
    """Write a distribution that declares an adapter."""
    information = directory / f"{distribution or name}-1.0.dist-info"
    information.mkdir()
    content = f"[ringtaw.adapters]\n{name} = {reference}\n"
    (information / "entry_points.txt").write_text(content)


def _in_descriptor(case: str, says: str, old: str, new: str) -> Mutant:
    return Mutant(case, says, "__init__.py", old, new)


def _in_runtime(case: str, says: str, old: str, new: str) -> Mutant:
    return Mutant(case, says, "runtime.py", old, new)


def _ordering(case: str, says: str, new: str) -> Mutant:
    """One whose order_files does something else."""
    old = "return [FileWrite(path, files[path]) for path in sorted(files)]"
    return _in_runtime(case, says, old, new)


def _launching(case: str, says: str, new: str) -> Mutant:
    """One whose launch_spec does something else."""
    return _in_runtime(case, says, "return linux_launch_spec(request)", new)


def _in_build(case: str, says: str, old: str, new: str) -> Mutant:
    return Mutant(case, says, "build/__init__.py", old, new)


_DETECT = "return bool(os.environ.get(SETTING))"
_ASK = 'quote = _ask(b"Q" + report_data)'
_KEY = 'key = _ask(b"K" + binding.value.encode())'
_UNCHECKED = "return LaunchSpec(request.argv[0], request.argv, request.environ)"
_BODY = "\n        "
_ALL = "[FileWrite(path, files[path]) for path in sorted(files)]"
_DEVICES = (
    "from ringtaw_premain.hookspecs import WriteMode" + _BODY + "return ["
    "FileWrite(path, files[path], WriteMode.DEVICE if path != 'a' else WriteMode.REGULAR)"
    " for path in sorted(files)]"
)
_WRITES_ITSELF = (
    "for path, content in files.items():" + _BODY + "    os.makedirs(os.path.dirname(path) or '.',"
    " exist_ok=True)" + _BODY + "    open(path, 'wb').write(content)" + _BODY + "return " + _ALL
)
_TELLS = "raise PlatformError(str(sorted(files.values())))"
_TO_JSON = "data = read_json(artefact).data"
_LOOSE_JSON = 'data = __import__("json").load(open(artefact))'
_SAFE = "data.get(KEY) if isinstance(data, dict) else None"

MUTANTS = (
    _in_descriptor("descriptor/loads", "version 99 .*upgrade ringtaw-premain", "=1,", "=99,"),
    _in_descriptor("descriptor/loads", "calls itself 'other'", 'name="', 'name="other" or "'),
    _in_descriptor(
        "descriptor/describes-itself", "summary is empty", 'summary="', 'summary="" and "'
    ),
    _in_descriptor(
        "descriptor/describes-itself", "note does not say", "    build=", "    # build="
    ),
    _in_descriptor(
        "descriptor/imports-little",
        "its own side",
        "import Adapter",
        "import Adapter\nfrom . import runtime",
    ),
    _in_runtime(
        "runtime/hooks-are-the-contracts",
        "rename issue_evidense to issue_evidence",
        "def issue_evidence",
        "def issue_evidense",
    ),
    _in_runtime(
        "runtime/hooks-are-the-contracts", "unusable", "def detect(self)", "def detect(self, how)"
    ),
    _in_runtime(
        "runtime/hooks-are-the-contracts",
        "unusable: RuntimeError",
        "    @hookimpl",
        "    def __init__(self):" + _BODY + "raise RuntimeError\n\n    @hookimpl",
    ),
    _in_runtime(
        "runtime/hooks-are-marked",
        "without @hookimpl: sealing_key",
        "@hookimpl\n    def sealing_key",
        "def sealing_key",
    ),
    _in_runtime(
        "runtime/provides-what-a-marble-needs",
        "does not provide launch_spec",
        "@hookimpl\n    def launch_spec",
        "def other",
    ),
    _in_runtime(
        "runtime/loads-nothing-forbidden",
        r"it imports subprocess \(",
        "import os",
        "import os, subprocess",
    ),
    _in_runtime(
        "runtime/loads-little",
        r"it loads \d+ modules",
        "import os",
        "import os, csv, difflib, html.parser, json, statistics, xml.etree.ElementTree",
    ),
    _in_runtime("runtime/detect-says-no-outside", "says yes", _DETECT, "return True"),
    _in_runtime("runtime/detect-says-no-outside", "detect raised", _DETECT, "return 1 / 0 > 1"),
    _in_runtime(
        "runtime/detect-says-no-outside",
        "side effects: open /dev/null",
        _DETECT,
        "open('/dev/null', 'w').close()" + _BODY + _DETECT,
    ),
    _in_runtime("runtime/detect-says-yes-inside", "detect says False", _DETECT, "return False"),
    _in_runtime(
        "evidence/binds-report-data",
        "over other report data",
        _ASK,
        'return _ask(b"Q" + bytes(64))',
    ),
    _in_runtime(
        "evidence/binds-report-data",
        "does not verify",
        _ASK,
        f"{_ASK.replace('quote =', 'return')}[:-9]",
    ),
    _in_runtime(
        "evidence/takes-64-bytes-only",
        "0 bytes: issue_evidence accepted it",
        "if len(report_data) != _REPORT_DATA_SIZE:",
        "report_data = report_data.ljust(64, b'0')[:64]" + _BODY + "if False:",
    ),
    _in_runtime(
        "evidence/refuses-a-replay",
        "accepted it",
        "if quote[_REPORT_DATA] != report_data:",
        "if False:",
    ),
    _in_runtime(
        "evidence/is-unavailable-outside",
        "failed with KeyError",
        'os.environ.get(SETTING, "")',
        "os.environ[SETTING]",
    ),
    _in_runtime(
        "evidence/sealing-keys-are-keys", "same for product", _KEY, 'key = _ask(b"Kproduct")'
    ),
    _in_runtime("evidence/sealing-keys-are-keys", "all zeros", _KEY, "key = bytes(16)"),
    _in_runtime("evidence/sealing-keys-are-keys", "has 8 bytes", _KEY, f"{_KEY}[:8]"),
    _in_runtime("evidence/sealing-keys-stay", "two keys", _KEY, "key = os.urandom(16)"),
    _in_runtime(
        "evidence/sealing-keys-stay",
        "another process",
        _KEY,
        "key = str(os.getpid() + 10**15).encode()",
    ),
    _ordering("files/keeps-the-set", "changed the set", f"return {_ALL}[1:]"),
    _ordering("files/keys-come-first", "the order is device, regular", _DEVICES),
    _ordering(
        "files/withstands-hostile-paths",
        "UnicodeEncodeError",
        f"return {_ALL.replace('(files)', '(files, key=str.encode)')}",
    ),
    _ordering("files/withstands-hostile-paths", "as a pseudo-file", _DEVICES),
    Mutant(
        "files/is-not-fooled-by-spelling",
        "would be written as a regular file",
        HARNESS,
        "replaying=platform.replaying,",
        'replaying=platform.replaying,devices={"/dev/x/key": b"k"},',
    ),
    _ordering(
        "files/leaves-writing-to-the-premain",
        "open /dev/null",
        "open('/dev/null', 'w').close()" + _BODY + f"return {_ALL}",
    ),
    _launching(
        "launch/starts-the-measured-program",
        "starts /bin/true",
        "return LaunchSpec('/bin/true', request.argv, request.environ)",
    ),
    _launching(
        "launch/is-not-told-by-the-host",
        "a variable of the host's",
        "program = os.environ.get('STARTS') or request.argv[0]"
        + _BODY
        + "return LaunchSpec(program, request.argv, request.environ)",
    ),
    _launching(
        "launch/keeps-the-environment",
        "it changes X",
        "return LaunchSpec(request.argv[0], request.argv, {**request.environ, 'X': '1'})",
    ),
    _launching(
        "launch/keeps-the-arguments",
        "it changes arguments",
        "return LaunchSpec(request.argv[0], tuple(map(str.strip, request.argv)), request.environ)",
    ),
    _launching("launch/refuses-what-is-no-program", "accepted it", _UNCHECKED),
    _launching("launch/refuses-an-empty-name", "it starts ''", _UNCHECKED),
    _launching("launch/knows-the-default", "accepted it", _UNCHECKED),
    _ordering(
        "side-effects/nothing-is-left-behind",
        "environment variable LEFT was set",
        "os.environ['LEFT'] = '1'" + _BODY + f"return {_ALL}",
    ),
    _ordering(
        "side-effects/nothing-is-left-behind",
        "file descriptor .* is open",
        "os.open('/dev/null', os.O_RDONLY)" + _BODY + f"return {_ALL}",
    ),
    _ordering(
        "side-effects/nothing-is-left-behind",
        "thread .* runs",
        "import threading"
        + _BODY
        + "threading.Thread(target=threading.Event().wait, daemon=True).start()"
        + _BODY
        + f"return {_ALL}",
    ),
    _ordering(
        "side-effects/nothing-is-left-behind",
        "the file .*copy was left behind",
        "open('copy', 'w').close()" + _BODY + f"return {_ALL}",
    ),
    _ordering("side-effects/no-secret-is-told", "secret is in the text of an error", _TELLS),
    _ordering(
        "side-effects/no-secret-is-told",
        "a secret was printed",
        f"print(files){_BODY}return {_ALL}",
    ),
    _ordering("side-effects/nothing-is-printed", "hello", f"print('hello'){_BODY}return {_ALL}"),
    _ordering(
        "side-effects/no-process-is-started",
        "os.system true",
        f"os.system('true'){_BODY}return {_ALL}",
    ),
    _ordering("side-effects/errors-are-the-contracts", "ValueError", "raise ValueError(files)"),
    _launching(
        "attack/none",
        "it failed",
        "return LaunchSpec('/bin/true', request.argv, request.environ)",
    ),
    _ordering("attack/path-leads-outside", "leaves secrets behind", _WRITES_ITSELF),
    _ordering("attack/path-below-a-file", "leaves secrets behind", _WRITES_ITSELF),
    _ordering("attack/link-in-the-way", "leaves secrets behind", _WRITES_ITSELF),
    _ordering("attack/path-with-nul", "a secret is in the log", _TELLS),
    _ordering("attack/path-too-long", "a secret is in the log", _TELLS),
    _in_runtime(
        "attack/replayed-quote",
        "was started",
        "if quote[_REPORT_DATA] != report_data:",
        "if False:",
    ),
    _launching("attack/no-such-program", "the exit code is 125", "raise PlatformError('no')"),
    _in_build(
        "build/hooks-are-the-contracts",
        "rename host_comand to host_command",
        "def host_command",
        "def host_comand",
    ),
    _in_build(
        "build/hooks-are-marked",
        "without @hookimpl: host_command",
        "@hookimpl\n    def host_command",
        "def host_command",
    ),
    _in_build("build/survives-bad-configurations", "KeyError|TypeError", _SAFE, "data[KEY]"),
    _in_build(
        "build/prepare-survives-bad-configurations", "KeyError|TypeError", _SAFE, "data[KEY]"
    ),
    _in_build("build/survives-variations", "KeyError", _SAFE, "data[KEY]"),
    _in_build(
        "build/findings-are-complete",
        "its cure is empty",
        "KEY, message, cure)",
        "KEY, message, '')",
    ),
    _in_build(
        "build/findings-are-complete",
        "line 999 of",
        "path, line, KEY, message",
        "path, 999, KEY, message",
    ),
    _in_build(
        "build/findings-are-complete", "is not a code", '"missing-premain"', '"Missing premain"'
    ),
    _in_build("build/accepts-what-is-good", "missing-premain", "!= PREMAIN:", "!= []:"),
    _in_build("build/prepare-is-idempotent", "would change", "== PREMAIN:", "== []:"),
    _in_build(
        "build/prepare-keeps-what-people-wrote",
        "loses the comment",
        "dumps(edited)",
        "dumps(dict(edited))",
    ),
    _in_build(
        "build/prepare-keeps-what-people-wrote",
        "was another one",
        "(request.config, document.text, after)",
        "(request.config, '', after)",
    ),
    _in_build(
        "build/prepare-stays-with-its-files",
        "would change /etc/elsewhere",
        "(request.config, document.text, after)",
        "('/etc/elsewhere', None, after)",
    ),
    _in_build("build/survives-bad-artefacts", "Error", _TO_JSON, _LOOSE_JSON),
    _in_build("build/survives-damaged-artefacts", "JSONDecodeError", _TO_JSON, _LOOSE_JSON),
    _in_build("build/reads-what-was-built", "product_id is 2", '"ProductID"', '"SecurityVersion"'),
    _in_build(
        "build/command-tells-no-secret",
        "in the arguments",
        "*request.arguments",
        "*request.environ.values()",
    ),
    _in_build(
        "build/only-reads",
        "open .*bak",
        "document = parse_toml(",
        "open(request.config + '.bak', 'w').close()" + _BODY + "document = parse_toml(",
    ),
)

"""Which modules the runtime side of the premain and of adapters could import, by their sources.

Tracing sees what one run loads. Our own modules are followed further: each import in them counts,
however deep in a function it stands.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec, PathFinder
from typing import Final

from ringtaw_premain.errors import PlatformError

PREMAIN: Final = "ringtaw_premain"
_START: Final = f"{PREMAIN}.__main__"
_MISSING: Final = {"ImportError", "ModuleNotFoundError", "Exception"}


@dataclass
class Closure:
    """Modules by name, with whether the importer goes on without them."""

    search_path: Sequence[str]
    followed: frozenset[str]
    """Top-level packages whose sources are read."""
    modules: dict[str, bool] = field(default_factory=dict)

    def add(self, module: str, *, may_be_missing: bool = False) -> None:
        """Add a module and what it can import.

        Raises:
            PlatformError: A module of ours is not there.
        """
        if module in self.modules:
            self.modules[module] &= may_be_missing
            return
        self.modules[module] = may_be_missing
        if module.partition(".")[0] in self.followed:
            self._follow(module)

    def _follow(self, module: str) -> None:
        spec = find(module, self.search_path)
        if spec is None or spec.origin is None:
            raise PlatformError(f"there is no module {module} to put into the runtime")
        with open(spec.origin, "rb") as file:
            tree = ast.parse(file.read(), spec.origin)
        package = module if spec.submodule_search_locations else module.rpartition(".")[0]
        for name, member, may_be_missing in _imports(tree.body, package, False):
            self.add(name, may_be_missing=may_be_missing)
            if member and self._may_be_module(f"{name}.{member}"):
                self.add(f"{name}.{member}", may_be_missing=True)

    def _may_be_module(self, name: str) -> bool:
        """Whether ``from a import b`` imports a module; of others' modules only Python can tell."""
        if name.partition(".")[0] in self.followed:
            return find(name, self.search_path) is not None
        return name.rpartition(".")[2].islower()


def runtime_modules(
    search_path: Sequence[str], references: Iterable[str], further: Iterable[str]
) -> dict[str, bool]:
    """Return the modules of premain and adapters, and what these import from elsewhere.

    ``references`` name the adapters and their runtime sides, as ``module:attribute``.
    """
    starts = [reference.partition(":")[0] for reference in references]
    followed = frozenset({PREMAIN, *(start.partition(".")[0] for start in starts)})
    closure = Closure(search_path, followed)
    for module in (_START, *starts, *further):
        closure.add(module)
    return dict(sorted(closure.modules.items()))


def find(module: str, search_path: Sequence[str]) -> ModuleSpec | None:
    """Find a module without importing it or its packages."""
    path: Sequence[str] | None = search_path
    spec = None
    name = ""
    for part in module.split("."):
        name = f"{name}.{part}".lstrip(".")
        spec = PathFinder.find_spec(name, path) if path else None
        path = list(spec.submodule_search_locations or ()) if spec else None
    return spec


def _imports(
    body: Iterable[ast.AST], package: str, optional: bool
) -> Iterator[tuple[str, str, bool]]:
    """Yield module, what is imported from it or "", and whether it may be missing."""
    for node in body:
        match node:
            case ast.Import():
                yield from ((alias.name, "", optional) for alias in node.names)
            case ast.ImportFrom():
                module = _absolute(node, package)
                yield from ((module, alias.name, optional) for alias in node.names)
            case ast.If() if _is_for_type_checkers(node.test):
                yield from _imports(node.orelse, package, optional)
            case ast.Try():
                tolerant = optional or any(_catches_missing(each) for each in node.handlers)
                yield from _imports(node.body, package, tolerant)
                rest = (*node.handlers, *node.orelse, *node.finalbody)
                yield from _imports(rest, package, optional)
            case _:
                yield from _imports(ast.iter_child_nodes(node), package, optional)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    parts = package.split(".")
    base = parts[: len(parts) - node.level + 1] if node.level else []
    return ".".join([*base, *filter(None, [node.module])])


def _is_for_type_checkers(test: ast.expr) -> bool:
    return ast.unparse(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _catches_missing(handler: ast.ExceptHandler) -> bool:
    caught = ast.walk(handler.type) if handler.type else ()
    return handler.type is None or any(
        isinstance(each, ast.Name) and each.id in _MISSING for each in caught
    )

"""The project's own modules as syntax trees, for the tests of how they may use each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APPS = ("config", "market", "notifications", "smartmoney", "signals", "mss", "analytics")


@dataclass(frozen=True)
class Import:
    """One imported name, in full, and the function around it (None at module level)."""

    module: str
    function: str | None
    line: int


@dataclass(frozen=True)
class Module:
    """One source file by its dotted name."""

    name: str
    source: str

    @property
    def tree(self) -> ast.Module:
        return _parsed(self.source)

    @property
    def app(self) -> str:
        return self.name.partition(".")[0]

    def imports(self) -> tuple[Import, ...]:
        return _all_imports(self.source)


def project_modules(folders: tuple[str, ...] = APPS) -> dict[str, Module]:
    """Return every module below the folders; migrations are written by Django and left out."""
    modules = {}
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                name = name.removesuffix(".__init__")
                modules[name] = Module(name, path.read_text(encoding="utf-8"))
    return modules


def own_imports(module: Module, modules: Mapping[str, Module]) -> list[Import]:
    """Return the imports of our own modules; ``from package import module`` names the module."""
    found = []
    for imported in module.imports():
        name = imported.module
        while name and name not in modules:
            name = name.rpartition(".")[0]
        if name:
            found.append(Import(name, imported.function, imported.line))
    return found


@cache
def _parsed(source: str) -> ast.Module:
    return ast.parse(source)


@cache
def _all_imports(source: str) -> tuple[Import, ...]:
    return tuple(_imports(_parsed(source), None))


def _imports(node: ast.AST, function: str | None) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(alias.name, function, child.lineno)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"relative import in line {child.lineno}"
            for alias in child.names:
                yield Import(f"{child.module}.{alias.name}", function, child.lineno)
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _imports(child, child.name)
        else:
            yield from _imports(child, function)

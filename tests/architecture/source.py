"""Reads the repository as text and syntax: what the tests in this folder look at."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "multibot"


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module or name, wherever in the file the import stands."""

    target: str
    line: int


def python_files(*folders: str) -> list[Path]:
    """Find the Python files of some top-level folders."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    """Turn a file of the repository into the module's dotted name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(source: str, module: str, *, is_package: bool = False) -> Iterator[Import]:
    """Find every import: at the top, in functions, under TYPE_CHECKING, relative ones resolved."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, module, is_package=is_package)
            for alias in node.names:
                yield Import(f"{base}.{alias.name}", node.lineno)


def _base(node: ast.ImportFrom, module: str, *, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    package = module.split(".") if is_package else module.split(".")[:-1]
    anchor = package[: len(package) - node.level + 1]
    return ".".join([*anchor, *([node.module] if node.module else [])])


def dynamic_imports(source: str) -> list[int]:
    """Find imports by a name only known while the program runs, or by one of ours as a string."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    return [
        call.lineno
        for call in calls
        if _called(call) in {"import_module", "__import__"} and not _names_foreign_module(call)
    ]


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _names_foreign_module(call: ast.Call) -> bool:
    name = call.args[0] if call.args else None
    return (
        isinstance(name, ast.Constant)
        and isinstance(name.value, str)
        and name.value.split(".")[0] not in {"", "multibot"}
    )


def functions(source: str) -> Iterator[tuple[str, int]]:
    """Name every function of a file, nested ones too, with its lines from `def` on."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def tracked_files() -> list[Path]:
    """List the files that a commit holds, and the new ones that the next one would."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return sorted({path for path in paths if path.is_file()})

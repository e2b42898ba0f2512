"""What a solver's source shows: an oracle of its own, nothing heavy at import."""

from __future__ import annotations

import ast
import sys

from solver_checks.cases import Subject, say

ALLOWED = {"numpy", "solvers.contract", *sys.stdlib_module_names}


def imports_are_lazy(subject: Subject) -> None:
    """Outside functions only the standard library, numpy and the contract are imported."""
    for node in _outside_functions(ast.parse(subject.source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            say(node.level == 0, f"line {node.lineno}: a relative import")
            names = [node.module or ""]
        else:
            continue
        for name in names:
            fine = name in ALLOWED or name.partition(".")[0] in ALLOWED
            say(fine, f"line {node.lineno}: {name} is imported at the top; import it inside the function")


def imports_no_sibling(subject: Subject) -> None:
    """No import of another solver or of qbank, wherever it stands."""
    for node in ast.walk(ast.parse(subject.source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            top = name.partition(".")[0]
            say(top != "qbank", f"line {node.lineno}: solvers import nothing of qbank")
            say(top != "solvers" or name == "solvers.contract", f"line {node.lineno}: {name} is another solver's")


def oracle_is_independent(subject: Subject) -> None:
    """No function serves both compute and the oracle; neither reaches the other. Shared constants are fine."""
    tree = ast.parse(subject.source)
    defined = _definitions(tree)
    roots = _functions_of_the_record(tree)
    compute, oracle = roots.get("compute", "compute"), roots.get("oracle", "oracle")
    say(compute in defined and oracle in defined, "the record's compute and oracle must be functions of this file")
    shared = {name for name in _reach(defined, compute) & _reach(defined, oracle) if _computes(defined, name)}
    say(not shared, f"the oracle shares {', '.join(sorted(shared))} with compute")


def _outside_functions(node):
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield child
            yield from _outside_functions(child)


def _definitions(tree) -> dict:
    found = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found[node.name] = node
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                for name in ast.walk(target):
                    if isinstance(name, ast.Name):
                        found[name.id] = node.value
    return found


def _functions_of_the_record(tree) -> dict:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Solver":
            return {k.arg: k.value.id for k in node.keywords if isinstance(k.value, ast.Name)}
    return {}


def _reach(defined: dict, start: str) -> set[str]:
    """Every name of the module that ``start`` uses, directly or through others; itself too."""
    seen, todo = set(), [start]
    while todo:
        name = todo.pop()
        if name in seen or name not in defined:
            continue
        seen.add(name)
        todo += [n.id for n in ast.walk(defined[name]) if isinstance(n, ast.Name)]
    return seen


def _computes(defined: dict, name: str) -> bool:
    """Whether a definition is more than data: a function, a class, or a value that one of those gives."""
    node = defined[name]
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return True
    if any(isinstance(n, ast.Lambda) for n in ast.walk(node)):
        return True
    used = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n.id in defined and n.id != name]
    return any(_computes(defined, other) for other in used)

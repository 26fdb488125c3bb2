# Packages that an app's main files import although nothing installs any. Usage: imports.py <build folder>; prints "file package".
import ast
import sys
from pathlib import Path

root = Path(sys.argv[1])
local = {path.stem for path in root.iterdir() if path.suffix == ".py" or path.is_dir()}


def imported(body):
    """Of what runs whenever the file does: what is tried, or asked for first, may be missing."""
    for one in body:
        if isinstance(one, ast.Import):
            yield from (alias.name for alias in one.names)
        elif isinstance(one, ast.ImportFrom) and not one.level and one.module:
            yield one.module


for name in ("app.py", "main.py", "manage.py"):
    try:
        tree = ast.parse((root / name).read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError):
        # Not there, or told by Python when the app starts.
        continue
    for module in imported(tree.body):
        package = module.split(".")[0]
        if package not in sys.stdlib_module_names and package not in local:
            sys.exit(print(name, package))

# What the app's files say, as assignments for the shell. Usage: facts.py <build folder>. A file that cannot be read ends it
# with one line for the pusher.
import json
import platform
import shlex
import sys
import tomllib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from python_wanted import find_wanted  # noqa: E402
from requirements import read_requirements  # noqa: E402

root = Path(sys.argv[1])


def load(name, parse):
    """The parsed file; {} when there is none."""
    path = root / name
    if not path.is_file():
        return {}
    try:
        found = parse(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        sys.exit(f"{name} cannot be read: {error}.")
    if not isinstance(found, dict):
        sys.exit(f"{name} cannot be read: it is not an object.")
    return found


def part(value, *names):
    """A table inside tables; {} where there is anything else."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def entries(value):
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def bash(name, value):
    if isinstance(value, bool):
        value = "true" if value else "false"
    if isinstance(value, list):
        print(f"{name}=({' '.join(shlex.quote(one) for one in value)})")
    else:
        print(f"{name}={shlex.quote(value)}")


project = load("pyproject.toml", tomllib.loads)
pipfile_lock = load("Pipfile.lock", json.loads)
uv_lock = load("uv.lock", tomllib.loads)
poetry_lock = load("poetry.lock", tomllib.loads)
load("Pipfile", tomllib.loads)

version = platform.python_version()
wanted = find_wanted(root, project, pipfile_lock, version)
requirements = read_requirements(root) if (root / "requirements.txt").is_file() else None

# Files in the tree, other than the lock file's own, whose content is installed.
local = {
    "pip": bool(requirements and requirements["local"]),
    "pipenv": any("path" in one or "file" in one and "://" not in str(one["file"])
                  for one in part(pipfile_lock, "default").values() if isinstance(one, dict)),
    "poetry": any(part(one, "source").get("type") in ("directory", "file") for one in entries(poetry_lock.get("package"))),
    "uv": any({"editable", "directory"} & part(one, "source").keys() for one in entries(uv_lock.get("package"))),
}
bash("python_version", version)
for name, value in wanted.items():
    bash(f"python_{name}", value)
bash("requirement_files", requirements["files"] if requirements else [])
bash("unpinned", requirements["unpinned"] if requirements else "")
bash("local_packages", [name for name, is_local in local.items() if is_local])
# Poetry installs the app itself unless it is told that it is no package.
bash("own_package", part(project, "tool", "poetry").get("package-mode", True) is not False)
declared = part(project, "project").get("dependencies")
bash("declared", [one for one in declared if isinstance(one, str)] if isinstance(declared, list) else [])
bash("poetry_declared", bool(part(project, "tool", "poetry", "dependencies").keys() - {"python"}))

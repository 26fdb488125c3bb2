# Which Python an app asks for, where, and whether the stack's is that one.
import re
import sys
from glob import glob


def find_wanted(root, project, pipfile_lock, version):
    """wanted: as written; source: the file; problem: '' when the stack's Python will do."""
    for read in (version_file, runtime_file, lambda *_: pipfile(pipfile_lock, version), lambda *_: pyproject(project, version)):
        found = read(root, version)
        if found:
            wanted, source, problem = found
            return {"wanted": wanted, "source": source, "problem": problem}
    return {"wanted": "", "source": "", "problem": ""}


def version_file(root, version):
    path = root / ".python-version"
    if not path.is_file():
        return None
    data = path.read_bytes()
    name = ".python-version"
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "", name, "it is written in UTF-16 and has to be UTF-8"
    if data[:3] == b"\xef\xbb\xbf":
        return "", name, "it begins with a byte order mark; save it as UTF-8 without one"
    lines = [line.split("#")[0].strip() for line in data.decode("utf-8", "replace").splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        return "", name, "no version is in it"
    if len(lines) > 1:
        return ", ".join(lines[:3]), name, "it names several versions"
    return lines[0], name, judge(lines[0], version)


def judge(wanted, version):
    if re.fullmatch(r"\d+(\.\d+){0,2}", wanted):
        return "" if f"{version}.".startswith(f"{wanted}.") else "missing"
    if re.search(r"['\"]", wanted):
        return "the quotes do not belong there"
    if wanted.startswith("python-"):
        return 'the "python-" does not belong there'
    return "that is not a version"


def runtime_file(root, version):
    path = root / "runtime.txt"
    if not path.is_file():
        return None
    text = path.read_bytes().decode("utf-8-sig", "replace").strip()
    match = re.fullmatch(r"python-(\d+(?:\.\d+){0,2})", text)
    if not match:
        return text[:80], "runtime.txt", "that is not a version"
    return match[1], "runtime.txt", judge(match[1], version)


def pipfile(lock, version):
    meta = lock.get("_meta")
    requires = meta.get("requires") if isinstance(meta, dict) else None
    wanted = requires.get("python_full_version") or requires.get("python_version") if isinstance(requires, dict) else None
    return (wanted, "Pipfile.lock", judge(wanted, version)) if isinstance(wanted, str) and wanted not in ("", "*") else None


def pyproject(project, version):
    own = project.get("project")
    wanted = own.get("requires-python") if isinstance(own, dict) else None
    if isinstance(wanted, str):
        return wanted, "requires-python in pyproject.toml", fits(wanted, version)
    try:
        wanted = project["tool"]["poetry"]["dependencies"]["python"]
    except (KeyError, TypeError):
        return None
    if not isinstance(wanted, str):
        return None
    ranges = [",".join(poetry_range(one.strip()) for one in re.split(r"[,\s]+(?=[\^~<>=!\d])", way) if one.strip())
              for way in wanted.split("||")]
    problems = [fits(one, version) for one in ranges]
    return wanted, "the python of pyproject.toml", "" if "" in problems else problems[0]


def poetry_range(text):
    """Poetry's own ^3.12, ~3.12, 3.12.* and * as Python's specifiers."""
    if text == "*":
        return ""
    match = re.fullmatch(r"([\^~]?)\s*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(\.\*)?", text)
    if not match or text.startswith("~="):
        return text
    sign, major, minor, patch, _ = match.groups()
    exact = ".".join(one for one in (major, minor, patch) if one)
    if sign == "^" or sign == "~" and minor is None:
        return f">={exact},<{int(major) + 1}"
    if sign == "~":
        return f">={exact},<{major}.{int(minor) + 1}"
    return f"=={exact}" if patch else f"=={exact}.*"


def fits(specifiers, version):
    # pip brings the library that defines what these mean.
    sys.path[:0] = glob("/usr/share/python-wheels/pip-*.whl")
    from pip._vendor.packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return "" if SpecifierSet(specifiers).contains(version) else "missing"
    except InvalidSpecifier:
        return "that is not a range of versions"

# requirements.txt as pip reads it, as far as a build has to know: the files it includes, what is local, what has no version.
import re

included = re.compile(r"(?:-r|-c|--requirement|--constraint)[\s=]*(\S.*)")
editable = re.compile(r"(?:-e|--editable)[\s=]*(\S.*)")


def read_requirements(root):
    found = {"files": [], "local": False, "unpinned": ""}
    visit(root, root / "requirements.txt", found, False)
    return found


def visit(root, path, found, is_constraint):
    """Included files count from the folder of the file that names them."""
    if str(path) in found["files"] or not path.is_file():
        return
    found["files"].append(str(path))
    for line in logical_lines(path.read_bytes()):
        match = included.fullmatch(line)
        if match:
            constraint = line.startswith(("-c", "--c"))
            visit(root, (path.parent / match[1].strip("'\"")).resolve(), found, constraint)
        elif re.match(r"(-f|--find-links)\b", line):
            # Where it leads is not in these files, and may change.
            found["local"] = True
        elif editable.fullmatch(line):
            target = editable.fullmatch(line)[1]
            found["local"] |= "://" not in target or target.startswith("file:")
        elif not line.startswith("-"):
            requirement(root, line, found, is_constraint)


def requirement(root, line, found, is_constraint):
    name = re.split(r"\s+--|\s*;", line)[0].strip()
    target = name.split("@", 1)[1].strip() if re.match(r"[\w.\[\],-]+\s*@", name) and "://" in name else name
    if target.startswith(("./", "../", "/", "file:")) or target in (".", "..") or target.startswith(".["):
        found["local"] = True
    elif "://" not in target and ("/" in target or re.search(r"\.(whl|tar\.gz|zip)$", target)):
        found["local"] = True
    elif "://" not in target and "==" not in name and not is_constraint and not found["unpinned"]:
        found["unpinned"] = name


def logical_lines(data):
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", "replace")
    else:
        text = data.decode("utf-8-sig", "replace")
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        if line:
            yield line

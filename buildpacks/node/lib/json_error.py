"""Prints what is wrong with a JSON file, as `<error>\t<line>\t<column>`; nothing when it is only empty, or right."""
import json
import sys

text = open(sys.argv[1], encoding="utf-8-sig", errors="replace").read()
if text.strip():
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        message = error.msg.removesuffix(" at")
        print(message, error.lineno, error.colno, sep="\t")

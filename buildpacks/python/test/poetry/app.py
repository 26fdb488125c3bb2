import sys

from flask import Flask

app = Flask(__name__)


@app.get("/")
def hello():
    return f"hello from Flask by poetry on Python {sys.version_info.major}.{sys.version_info.minor}\n"

import sys

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

app = FastAPI()


@app.get("/", response_class=PlainTextResponse)
def hello() -> str:
    return f"hello from FastAPI on Python {sys.version_info.major}.{sys.version_info.minor}\n"

# The package managers that come from PyPI, each in one version, so that the same push gives the same tree.
uv_version=0.13.9
poetry_version=2.5.1
pipenv_version=2026.10.3

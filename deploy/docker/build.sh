#!/bin/sh
# Installs smtpbot with all extras from the source in the current folder into FOLDER: build.sh FOLDER
# Only what the locks name, with their hashes, is taken from the package index. Neither pip nor the build tools stay in it.
set -eu
folder=$1
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT

python3 -m venv "$folder"
pip() { "$folder/bin/python" -m pip --quiet --disable-pip-version-check --no-cache-dir "$@"; }
pip install --require-hashes --only-binary :all: -r requirements/all.txt
pip install --require-hashes --only-binary :all: -r requirements/build.txt --target "$tools"
PYTHONPATH=$tools pip install --no-deps --no-build-isolation .
pip uninstall --yes pip setuptools

mkdir "$folder/state"
cp deploy/docker/healthcheck.py "$folder/healthcheck.py"
"$folder/bin/smtpbot" ask 451 >/dev/null

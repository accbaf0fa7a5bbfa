"""Schemathesis sends the API what its document allows and forbids; each response has to be one that the document names."""

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from adapters.web.api import openapi
from tests.adapters.web.site import Site

FORM = "multipart/form-data"


def examine(site: Site, document: dict[str, Any], folder: Path, *options: str) -> None:
    """Run schemathesis with a document against the site."""
    file = folder / "openapi.json"
    file.write_text(json.dumps(document))
    command = (Path(sys.executable).with_name("schemathesis"), "run", file, "--url", site.url, "--checks", "all")
    done = subprocess.run(
        [*command, "--max-examples", "100", "--seed", "8451", "--no-color", *options],
        cwd=folder, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert f"Tested: {len(document['paths'])}" in done.stdout


@pytest.mark.slow
def test_json_and_mails_keep_to_the_document(site: Site, tmp_path: Path) -> None:
    """All checks: no server error, documented status, type and schema, what is forbidden is refused, methods."""
    document = copy.deepcopy(openapi())
    del document["paths"]["/api/explain"]["post"]["requestBody"]["content"][FORM]
    examine(site, document, tmp_path)


@pytest.mark.slow
def test_forms_keep_to_the_document(site: Site, tmp_path: Path) -> None:
    """All checks but one: a file that holds `{}` is no string to schemathesis, but a file all the same."""
    document = copy.deepcopy(openapi())
    content = document["paths"]["/api/explain"]["post"]["requestBody"]["content"]
    document["paths"]["/api/explain"]["post"]["requestBody"]["content"] = {FORM: content[FORM]}
    examine(site, document, tmp_path, "--exclude-checks", "negative_data_rejection")

"""Schemathesis sends the API what its document allows and forbids; each response has to be one that the document names."""

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from adapters.web.api import openapi
from tests.adapters.web.site import Site

FORM = "multipart/form-data"
Run = Future[subprocess.CompletedProcess[str]]


def examine(site: Site, document: dict[str, Any], folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run schemathesis with a document against the site."""
    file = folder / "openapi.json"
    file.write_text(json.dumps(document))
    command = (Path(sys.executable).with_name("schemathesis"), "run", file, "--url", site.url, "--checks", "all")
    return subprocess.run(
        [*command, "--max-examples", "100", "--seed", "8451", "--no-color", *options],
        cwd=folder, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def restrict(*kinds: str) -> dict[str, Any]:
    """The document, with these content types of a request to /api/explain alone."""
    document = copy.deepcopy(openapi())
    body = document["paths"]["/api/explain"]["post"]["requestBody"]
    body["content"] = {kind: body["content"][kind] for kind in kinds}
    return document


@pytest.fixture(scope="module")
def runs(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    """Both at the same time. Of the checks one is left out for forms: to schemathesis a file that holds `{}` is no string."""
    others = [kind for kind in openapi()["paths"]["/api/explain"]["post"]["requestBody"]["content"] if kind != FORM]
    forms, folder = ("--exclude-checks", "negative_data_rejection"), tmp_path_factory.mktemp
    with ThreadPoolExecutor() as pool:
        yield {
            "others": pool.submit(examine, site, restrict(*others), folder("others")),
            "forms": pool.submit(examine, site, restrict(FORM), folder("forms"), *forms),
        }


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["others", "forms"])
def test_responses_keep_to_the_document(runs: dict[str, Run], kind: str) -> None:
    """All checks: no server error, documented status, type and schema, what is forbidden is refused, methods."""
    done = runs[kind].result()
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert f"Tested: {len(openapi()['paths'])}" in done.stdout

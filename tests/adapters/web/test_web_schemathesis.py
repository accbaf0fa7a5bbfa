"""Schemathesis sends the API what its document allows and forbids; each response has to be one that the document names."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.adapters.web.site import Site


@pytest.mark.slow
def test_the_api_keeps_to_its_document(site: Site, tmp_path: Path) -> None:
    """All checks of schemathesis: no server error, documented status, type and schema, refused data, allowed methods."""
    done = subprocess.run(
        [Path(sys.executable).with_name("schemathesis"), "run", f"{site.url}/api/openapi.json", "--checks", "all",
         "--max-examples", "100", "--seed", "8451", "--no-color"],
        cwd=tmp_path, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "Tested: 2" in done.stdout  # all but the document itself

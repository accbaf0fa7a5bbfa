"""A release: the version in one place, licenses, the bill of materials, and workflows that do nothing but call make."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import __version__
from scripts.check_licenses import is_allowed
from scripts.check_version import find_problems
from tests.deploy.tools import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The files that tell the version, to be broken."""
    for name in ("bot/__init__.py", "CHANGELOG.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "deploy/kubernetes", tmp_path / "deploy/kubernetes")
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_version_fits_everywhere(project: Path) -> None:
    """Now; and a release once its section in the changelog has a version and a date."""
    assert find_problems(ROOT, "") == find_problems(project, "") == []
    assert find_problems(project, f"v{__version__}") == [f"CHANGELOG.md does not begin with {__version__}"]
    change(project / "CHANGELOG.md", "## Unreleased", f"## {__version__} - 2026-12-01")
    assert find_problems(project, f"v{__version__}") == []


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("bot/__init__.py", __version__, "0.0.1", "newTag is not 0.0.1"),
        ("bot/__init__.py", __version__, "1.0-final", "is no version"),
        ("bot/__init__.py", __version__, "01.0", "is written 1.0"),
        ("CHANGELOG.md", "## Unreleased", "## 99.0.0 - 2026-12-01", "newer version than"),
        ("CHANGELOG.md", "## Unreleased", "## Soon", "neither Unreleased nor"),
        (
            "deploy/kubernetes/overlays/all/kustomization.yaml",
            f"newTag: {__version__}",
            "newTag: latest",
            "overlays/all",
        ),
    ],
)
def test_what_does_not_fit_is_told(project: Path, file: str, old: str, new: str, words: str) -> None:
    """With the file to mend."""
    change(project / file, old, new)
    assert words in "\n".join(find_problems(project, ""))


def test_tag_of_another_version_is_refused(project: Path) -> None:
    """Before anything is built."""
    assert any("the tag v9.9.9 is not that of version" in told for told in find_problems(project, "v9.9.9"))


@pytest.mark.parametrize(
    ("license", "allowed"),
    [("MIT", True), ("Apache-2.0 AND MIT", True), ("GPL-2.0-only OR MIT", True), ("Apache Software License; MIT License", True),
     ("(MIT OR Apache-2.0) AND BSD-3-Clause", True), ("LGPL-3.0-only", True), ("GPL-3.0-only", False), ("MIT AND AGPL-3.0-only", False), ("UNKNOWN", False)],
)  # fmt: skip
def test_license_expressions(license: str, allowed: bool) -> None:
    """Every part of an AND, one part of an OR."""
    assert is_allowed(license) == allowed


def test_licenses_of_all_requirements_are_allowed() -> None:
    """What `make licenses` asks."""
    done = subprocess.run([sys.executable, ROOT / "scripts/check_licenses.py"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_bill_of_materials_names_every_pin(tmp_path: Path) -> None:
    """With its hashes, and the version of the bot."""
    file = tmp_path / "sbom.json"
    subprocess.run([sys.executable, ROOT / "scripts/write_sbom.py", file], check=True, capture_output=True)
    told = json.loads(file.read_text("utf-8"))
    lock = (ROOT / "requirements/all.txt").read_text("utf-8")
    assert {f"{c['name']}=={c['version']}" for c in told["components"]} == set(
        re.findall(r"^[a-z0-9-]+==[^\s\\;]+", lock, re.MULTILINE)
    )
    assert told["metadata"]["component"]["version"] == __version__
    assert all(reference["hashes"] for c in told["components"] for reference in c["externalReferences"])


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_every_step_of_a_workflow_is_a_make_target(path: Path) -> None:
    """So that it can be run here; the rest are actions of the platform, by a fixed version, without a token to write."""
    told: dict[Any, Any] = yaml.safe_load(path.read_text("utf-8"))
    assert told["permissions"] == {"contents": "read"}
    for job in told["jobs"].values():
        for step in job["steps"]:
            if "run" in step:
                sudo, words = (step["run"].split()[0] == "sudo", step["run"].removeprefix("sudo ").split())
                assert words[0] == "make" and set(words[1:]) <= TARGETS, step["run"]
                assert not sudo or words == ["make", "deploy-tools"]
            else:
                assert re.fullmatch(r"(actions/[a-z-]+@v\d+|pypa/gh-action-pypi-publish@release/v1)", step["uses"])


def test_release_checks_before_it_publishes_and_keeps_no_token() -> None:
    """Publishing needs the other job, and proves who it is by OpenID Connect."""
    jobs = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text("utf-8"))["jobs"]
    built = " ".join(step.get("run", "") for step in jobs["build"]["steps"])
    for target in ("check-version", "check", "licenses", "dist", "check-dist", "sbom"):
        assert f"make {target}" in built
    assert jobs["publish"]["needs"] == "build" and jobs["publish"]["permissions"] == {"id-token": "write"}
    assert not re.search(r"secrets\.|password", (ROOT / ".github/workflows/release.yml").read_text("utf-8"))

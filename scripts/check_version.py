"""Checks that the version is told once and the same everywhere: `make check-version`, before a release with TAG=v1.2.3.

The one place is bot/__init__.py. CHANGELOG.md begins with Unreleased or with that version; with a tag it is that version,
with a date, and something is said about it. What the manifests name and what `make dist` has made follow.
"""

import re
import sys
from pathlib import Path

from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).parent.parent


def find_problems(root: Path, tag: str) -> list[str]:
    """What does not fit together, one sentence each."""
    version = re.findall(r'^__version__ = "(.*)"$', (root / "bot/__init__.py").read_text("utf-8"), re.MULTILINE)[0]
    try:
        if str(Version(version)) != version:
            return [f"bot/__init__.py: {version} is written {Version(version)} by the rules of Python's packages"]
    except InvalidVersion:
        return [f"bot/__init__.py: {version} is no version"]
    problems = _check_changelog(root, version, bool(tag))
    if tag and tag != f"v{version}":
        problems.append(f"the tag {tag} is not that of version {version}: v{version}")
    for path in sorted((root / "deploy/kubernetes/overlays").rglob("kustomization.yaml")):
        if f"newTag: {version}\n" not in path.read_text("utf-8"):
            problems.append(f"{path.relative_to(root)}: newTag is not {version}")
    for path in sorted((root / "dist").glob("*.whl")) + sorted((root / "dist").glob("*.tar.gz")):
        if not path.name.startswith((f"smtpbot-{version}-", f"smtpbot-{version}.tar")):
            problems.append(f"dist/{path.name} is not of version {version}; run make dist")
    return problems


def _check_changelog(root: Path, version: str, is_release: bool) -> list[str]:
    sections = re.split(r"^## ", (root / "CHANGELOG.md").read_text("utf-8"), flags=re.MULTILINE)[1:]
    titles = [section.splitlines()[0] for section in sections]
    released = [title.split(" ")[0] for title in titles if title != "Unreleased"]
    problems = [f"CHANGELOG.md: {title!r} is neither Unreleased nor VERSION - YYYY-MM-DD"
                for title in titles if not re.fullmatch(r"Unreleased|\d\S* - \d{4}-\d\d-\d\d", title)]  # fmt: skip
    if problems:
        return problems
    if sorted(released, key=Version, reverse=True) != released:
        problems.append("CHANGELOG.md: the newest version does not stand first")
    if any(Version(one) > Version(version) for one in released):
        problems.append(f"CHANGELOG.md tells of a newer version than {version}")
    if is_release and (titles[0] == "Unreleased" or released[0] != version):
        problems.append(f"CHANGELOG.md does not begin with {version}")
    elif is_release and "- " not in sections[0].partition("\n")[2]:
        problems.append(f"CHANGELOG.md says nothing about {version}")
    return problems


def main() -> int:
    """0 where all fits."""
    problems = find_problems(ROOT, sys.argv[1] if len(sys.argv) > 1 else "")
    print(*problems, sep="\n", end="\n" * bool(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

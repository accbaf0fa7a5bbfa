"""Checks that everything the bot is installed with may be used by an MIT project: `make licenses`.

Prints one line for each package of requirements/all.txt, and ends with 1 where a license is not on the list.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
# As packages write them: SPDX names, and the trove classifiers of older ones.
FREE = {
    "MIT", "MIT License", "MIT-0", "MIT-CMU", "BSD License", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "Apache-2.0",
    "Apache Software License", "PSF-2.0", "Python Software Foundation License", "ISC", "Zlib", "CC0-1.0",
}  # fmt: skip
# Their terms are about changed copies of them alone; we import them unchanged, and pip installs them as they are.
UNCHANGED = {"LGPL-3.0-only", "MPL-2.0"}
ALLOWED = FREE | UNCHANGED


def is_allowed(license: str) -> bool:
    """Whether a license expression is: every part of an AND, one part of an OR (`;` is what classifiers are joined by)."""
    expression = license.replace("(", "").replace(")", "")
    choices = (re.split(r" AND |; ", choice) for choice in expression.split(" OR "))
    return any(all(part.strip() in ALLOWED for part in choice) for choice in choices)


def main() -> int:
    """0 where all are allowed."""
    lock = (ROOT / "requirements" / "all.txt").read_text("utf-8")
    pins = map(Requirement, re.findall(r"^[a-z0-9-]+==[^\\\n]+", lock, re.MULTILINE))
    names = sorted({pin.name for pin in pins if pin.marker is None or pin.marker.evaluate()})
    tool = Path(sys.executable).with_name("pip-licenses")
    command = [tool, "--python", sys.executable, "--from=mixed", "--format=json", "--packages", *names]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    installed = {re.sub(r"[-_.]+", "-", one["Name"]).lower(): one for one in found}
    missing = sorted(set(names) - set(installed))
    refused = [one for one in found if not is_allowed(one["License"])]
    for one in found:
        print(f"{one['Name']} {one['Version']}: {one['License']}{'   NOT ALLOWED' * (one in refused)}")
    for name in missing:
        print(f"{name}: not installed, so its license is not known")
    return 1 if refused or missing else 0


if __name__ == "__main__":
    sys.exit(main())

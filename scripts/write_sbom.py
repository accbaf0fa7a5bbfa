"""Writes what the bot is made of, with all extras, into dist/smtpbot-VERSION.cdx.json (CycloneDX): `make sbom`.

The packages are those of requirements/all.txt, with the hashes of the files that pip takes. The same lock gives the same file.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

from bot import __version__

ROOT = Path(__file__).parent.parent


def main() -> int:
    """0, or the tool's own status."""
    tool = Path(sys.executable).with_name("cyclonedx-py")
    command = [
        tool,
        "requirements",
        ROOT / "requirements/all.txt",
        "--pyproject",
        ROOT / "pyproject.toml",
        "--output-reproducible",
    ]
    made = subprocess.run(command, capture_output=True, text=True)
    if made.returncode:
        print(made.stderr, file=sys.stderr)
        return made.returncode
    told = json.loads(made.stdout)
    for component in told["components"]:
        component["description"] = re.sub(r"\s*--hash=\S+", "", component["description"])
        for reference in component.get("externalReferences", ()):
            reference["url"] = f"https://pypi.org/project/{component['name']}/"
    root = told["metadata"]["component"]
    root |= {"version": __version__, "purl": f"pkg:pypi/{root['name']}@{__version__}"}
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist" / f"smtpbot-{__version__}.cdx.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n", "utf-8")
    print(f"{file}: {len(told['components'])} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main())

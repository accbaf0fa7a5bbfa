"""Looks for credentials in what is committed: `make check-secrets`. Those made up for tests are listed beside this file.

Listed are a file, a kind and a hash, so that a line may move. --accept lists all that is found; read the diff.
"""

import json
import subprocess
import sys
from pathlib import Path

from detect_secrets import SecretsCollection
from detect_secrets.settings import default_settings

ROOT = Path(__file__).parent.parent
ACCEPTED = Path(__file__).with_name("accepted_secrets.json")
# Hashes, bytes for fuzzing, pictures; and the list itself.
LEFT_OUT = ("requirements/", "tests/fuzz/findings/", "docs/", "scripts/accepted_secrets.json")


def find_secrets() -> list[str]:
    """`file: kind hash` of everything that looks like a credential, sorted."""
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).split("\0")
    found = SecretsCollection(root=str(ROOT))
    with default_settings():
        for name in filter(None, listed):
            if not name.startswith(LEFT_OUT) and (ROOT / name).is_file():
                found.scan_file(name)
    return sorted({f"{name}: {secret.type} {secret.secret_hash}" for name, secret in found})


def main() -> int:
    """0 where all that is found is listed."""
    found = find_secrets()
    if "--accept" in sys.argv:
        ACCEPTED.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        return 0
    unknown = sorted(set(found) - set(json.loads(ACCEPTED.read_text("utf-8"))))
    for line in unknown:
        print(f"{line.rpartition(' ')[0]}: not listed in {ACCEPTED.relative_to(ROOT)}; made up? make accept-secrets")
    return 1 if unknown else 0


if __name__ == "__main__":
    sys.exit(main())

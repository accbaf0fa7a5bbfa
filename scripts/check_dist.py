"""Installs the wheel in dist/ with each extra into an empty environment and asks it a question: `make check-dist`.

The versions are those of requirements/all.txt; with --newest the newest that pyproject.toml allows. Of each extra what it
is for is tried: its adapters load, and `database` makes its tables.
"""

import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXTRAS = ("", *tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"])
LOADS = {"slack": ["slack"], "discord": ["discord"], "web": ["web"], "all": ["slack", "discord", "web"]}
LOADING = (
    "import sys; from importlib import import_module; from adapters.serve import ADAPTERS;"
    "[import_module(ADAPTERS[name]) for name in sys.argv[1:] if name in ADAPTERS]"
)


def run(*command: str | Path, folder: Path) -> str:
    """What it printed; SystemExit with all of that where it fails."""
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONWARNINGS": "ignore"},
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout}")
    return done.stdout


def check(wheel: Path, extra: str, pins: Path | None) -> int:
    """Install and ask; how many packages it came with."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.create(folder / "venv", with_pip=True)
        python, bot = folder / "venv/bin/python", folder / "venv/bin/smtpbot"
        wanted = f"smtpbot[{extra}] @ {wheel.as_uri()}" if extra else str(wheel)
        constraints = ("--constraint", pins) if pins else ()
        run(
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            *constraints,
            wanted,
            folder=folder,
        )
        run(python, "-m", "pip", "check", folder=folder)
        assert "451" in run(bot, "ask", "451", folder=folder), "no answer"
        if extra in LOADS:
            run(python, "-c", LOADING, *LOADS[extra], folder=folder)
        if extra:
            assert "upgraded" in run(bot, "database", "upgrade", folder=folder), "no tables"
        return len(run(python, "-m", "pip", "list", "--format=freeze", folder=folder).splitlines()) - 1


def main() -> int:
    """0 where every extra works."""
    (wheel,) = (ROOT / "dist").glob("*.whl")
    with tempfile.TemporaryDirectory() as folder:
        pins: Path | None = None
        if "--newest" not in sys.argv:
            lock = (ROOT / "requirements/all.txt").read_text("utf-8")
            pins = Path(folder) / "pins.txt"
            pins.write_text("\n".join(re.findall(r"^[a-z0-9-]+==[^\\\n]+", lock, re.MULTILINE)), "utf-8")
        for extra in EXTRAS:
            print(f"smtpbot{f'[{extra}]' * bool(extra)}: works, with {check(wheel, extra, pins)} packages", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

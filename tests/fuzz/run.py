"""Explores targets with atheris, coverage-guided: run.py SECONDS [TARGET ...]. What breaks one is kept in findings/.

Each target runs in a process of its own, since libFuzzer ends the process with the first finding.
"""

import hashlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
FINDINGS = HERE / "findings"
KEPT = ROOT / ".fuzz"  # what coverage taught, kept between runs
LIMITS = ("-max_len=60000", "-timeout=20", "-rss_limit_mb=3000", "-verbosity=0", "-print_final_stats=1")


def seed(folder: Path) -> None:
    """The project's own mails and lines, to begin with."""
    import yaml

    texts = [path.read_bytes() for path in (ROOT / "tests/mails").glob("*.eml")]
    texts += [str(line).encode() for line in _strings(yaml.safe_load((ROOT / "tests/lines.yaml").read_text("utf-8")))]
    for text in texts:
        (folder / hashlib.sha1(text).hexdigest()).write_bytes(text[:60_000])


def _strings(node: object) -> list[str]:
    if isinstance(node, str):
        return [node] if len(node) > 8 else []
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return [text for child in children for text in _strings(child)]


def explore(name: str, arguments: list[str]) -> None:
    """In a process of its own: give the target to libFuzzer; does not return."""
    import atheris

    sys.path.insert(0, str(ROOT))
    with atheris.instrument_imports(include=["bot", "adapters"]):
        from tests.fuzz.targets import TARGETS
    atheris.Setup([sys.argv[0], *arguments], TARGETS[name])
    atheris.Fuzz()


def run(name: str, seconds: int) -> bool:
    """Whether a target held for that long; tells how many inputs it saw, and keeps what broke it."""
    kept = KEPT / name
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        seeds, out = Path(made) / "seeds", Path(made) / "out"
        seeds.mkdir()
        out.mkdir()
        seed(seeds)
        words = [*LIMITS, f"-max_total_time={seconds}", f"-artifact_prefix={out}/", str(kept), str(seeds)]
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, __file__, "--explore", name, *words], capture_output=True, text=True, cwd=ROOT
        )
        units = next((line.split()[-1] for line in done.stderr.splitlines() if "number_of_executed_units" in line), "?")
        print(
            f"{name}: {units} inputs in {time.monotonic() - begun:.0f} s",
            "" if done.returncode == 0 else "- BROKEN",
            flush=True,
        )
        if done.returncode == 0:
            return True
        for path in out.iterdir():
            raw = path.read_bytes()
            target = FINDINGS / f"{name}-{hashlib.sha1(raw).hexdigest()[:12]}"
            target.write_bytes(raw)
            print(f"kept {target.relative_to(ROOT)} ({len(raw)} bytes)")
        print(done.stdout[-3_000:])
        return False


def main(words: list[str]) -> int:
    """0 when every target held."""
    sys.path.insert(0, str(ROOT))
    from tests.fuzz.targets import TARGETS

    seconds, names = int(words[0]), words[1:] or list(TARGETS)
    held = [run(name, seconds) for name in names]
    return 0 if all(held) else 1


if __name__ == "__main__":
    if sys.argv[1] == "--explore":
        explore(sys.argv[2], sys.argv[3:])
    sys.exit(main(sys.argv[1:]))

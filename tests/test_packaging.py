"""What a newcomer clones, what an operator installs, and what the locks promise."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LOCKS = ["runtime", "all", "development", "build"]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("SMTPBOT_", "PYTHON"))}
    return subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=kept | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )


def run_well(*command: str | Path, cwd: Path) -> str:
    done = run(*command, cwd=cwd)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def read_pins(lock: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text("utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))


def read_group(name: str) -> list[str]:
    lines = PROJECT["dependency-groups"][name]
    return [line for line in lines if isinstance(line, str)]


# The packages


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist of this checkout, copied without its built knowledge, and the wheel made from that sdist."""
    top = tmp_path_factory.mktemp("packages")
    left_out = (".*", "__pycache__", "knowledge.json", "dist")
    shutil.copytree(ROOT, top / "checkout", ignore=shutil.ignore_patterns(*left_out))
    shutil.copy(ROOT / ".gitignore", top / "checkout")
    build = (sys.executable, "-m", "hatchling", "build", "-d", top / "dist")

    run_well(*build, "-t", "sdist", cwd=top / "checkout")
    (sdist,) = (top / "dist").glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(top / "unpacked", filter="data")
    (unpacked,) = (top / "unpacked").iterdir()
    run_well(*build, "-t", "wheel", cwd=unpacked)
    (wheel,) = (top / "dist").glob("*.whl")
    return sdist, wheel


@pytest.mark.slow
def test_wheel_answers_in_an_empty_environment(packages: tuple[Path, Path], tmp_path: Path) -> None:
    """The wheel and the locked runtime requirements are all that an answer needs."""
    venv.create(tmp_path / "venv")
    folder = tmp_path / "venv" / "bin"
    pip = (sys.executable, "-m", "pip", "--python", folder / "python", "install", "--quiet", "--no-compile")
    run_well(*pip, "--require-hashes", "-r", ROOT / "requirements" / "runtime.txt", cwd=tmp_path)
    run_well(*pip, "--no-deps", packages[1], cwd=tmp_path)

    by_command = run_well(folder / "smtpbot", "ask", "451", cwd=tmp_path)
    by_module = run_well(folder / "python", "-m", "bot", "ask", "451", cwd=tmp_path)
    assert "451" in by_command
    assert by_module == by_command


@pytest.mark.slow
def test_packages_carry_the_knowledge_and_no_tests(packages: tuple[Path, Path]) -> None:
    """Both packages hold the same built knowledge; the sdist also holds what it is built from."""
    sdist, wheel = packages
    with tarfile.open(sdist) as archive:
        in_sdist = {name.split("/", 1)[1]: name for name in archive.getnames()}
        built = archive.extractfile(in_sdist["bot/knowledge.json"])
        assert built is not None
        knowledge = built.read()
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = set(archive.namelist())
        assert archive.read("bot/knowledge.json") == knowledge

    assert {"pyproject.toml", "hatch_build.py", "LICENSE", "README.md"} <= set(in_sdist)
    assert any(name.startswith("data/") for name in in_sdist)
    assert {name.split("/")[0] for name in in_wheel if ".dist-info/" not in name} == {"bot", "adapters"}
    assert not [name for name in [*in_sdist, *in_wheel] if name.startswith(("tests/", "scripts/"))]


# The locks


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_has_a_hash_for_each_pin_and_no_address(lock: str) -> None:
    """pip takes only what was locked, from whatever index the machine is set up for."""
    text = (ROOT / "requirements" / f"{lock}.txt").read_text("utf-8")
    pins = re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:]
    assert pins
    assert all("--hash=sha256:" in pin for pin in pins)
    assert "://" not in text
    assert "index" not in text and "find-links" not in text


def test_development_lock_is_a_superset() -> None:
    """One environment serves both, so `make test` after `make run` changes no version."""
    development = read_pins("development").items()
    assert all(read_pins(lock).items() <= development for lock in LOCKS)


def test_runtime_lock_holds_what_an_answer_needs_alone() -> None:
    """What the bot imports without extras, what that needs (python-oxmsg: three packages), and nothing else."""
    declared = {canonicalize_name(Requirement(line).name) for line in PROJECT["project"]["dependencies"]}
    assert set(read_pins("runtime")) == declared | {"click", "olefile", "typing-extensions"}


def test_make_run_installs_no_tool() -> None:
    """The lock of all extras holds nothing that only the development group names."""
    tools = {canonicalize_name(Requirement(line).name) for line in read_group("development")}
    assert not tools & read_pins("all").keys()


def test_locks_follow_pyproject() -> None:
    """Whoever changes a requirement runs `make lock`."""
    declared = {
        "runtime": PROJECT["project"]["dependencies"],
        "all": [line for extra in PROJECT["project"]["optional-dependencies"].values() for line in extra],
        "development": read_group("development"),
        "build": read_group("build"),
    }
    for lock, lines in declared.items():
        pins = read_pins(lock)
        for requirement in map(Requirement, lines):
            name = canonicalize_name(requirement.name)
            assert name == "smtpbot" or requirement.specifier.contains(pins[name]), f"{requirement}, {lock}"


# The first commands


def test_commands_of_the_readme_are_targets() -> None:
    """Every `make` the README tells is there, and its first two are `make run` and `make test`."""
    told = re.findall(r"^\$? ?make ([a-z-]+)", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE)
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert told[:2] == ["run", "test"]
    assert set(told) <= set(targets)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (None, "smtpbot needs Python 3.11 or newer, but there is no"),
        ("[ $1 = -V ] && echo Python 3.10.13; exit 1", "is Python 3.10.13"),
        ('case "$2" in *ensurepip*) exit 1;; esac', "lacks; on Debian and Ubuntu: apt install python3-venv"),
        ("exit 0", ""),
    ],
    ids=["none", "too old", "no venv", "fit"],
)
def test_unfit_python_is_named_in_a_sentence(body: str | None, sentence: str, tmp_path: Path) -> None:
    """A newcomer reads one line that says what is wrong with their Python."""
    python = tmp_path / "python"
    if body is not None:
        python.write_text(f"#!/bin/sh\n{body}\n", "utf-8")
        python.chmod(0o755)
    done = run(ROOT / "scripts" / "check-python", python, cwd=tmp_path)
    assert done.returncode == (1 if sentence else 0)
    assert sentence in done.stderr
    assert done.stderr.count("\n") == (1 if sentence else 0)


def test_the_knowledge_is_the_same_whatever_the_hash_seed(tmp_path: Path) -> None:
    """Built twice at the same time."""
    code = (
        "import sys; from pathlib import Path; from bot.building import build; build(Path('data'), Path(sys.argv[1]))"
    )
    built = [tmp_path / seed for seed in ("1", "2")]
    builders = [
        subprocess.Popen([sys.executable, "-c", code, path], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": path.name})
        for path in built
    ]
    assert [builder.wait() for builder in builders] == [0, 0]
    assert built[0].read_bytes() == built[1].read_bytes()

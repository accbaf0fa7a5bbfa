"""The image: no daemon builds it here, so its parts are run as they would be, and the rest is linted."""

import http.server
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from adapters.database.engine import read_url
from bot.settings import SETTINGS
from tests.deploy.tools import DEPLOY, ROOT, need, read_as_set, run

DOCKERFILE = DEPLOY / "docker" / "Dockerfile"


def instructions(name: str) -> list[str]:
    """The arguments of each such instruction."""
    text = DOCKERFILE.read_text("utf-8").replace("\\\n", " ")
    return re.findall(rf"^{name} (.*)$", text, re.MULTILINE)


def test_dockerfile_is_clean() -> None:
    """hadolint finds nothing."""
    hadolint = Path(sys.executable).with_name("hadolint")
    assert run(hadolint if hadolint.exists() else need("hadolint"), "--failure-threshold", "style", DOCKERFILE) == ""


def test_each_run_is_one_script() -> None:
    """So that what the image is made by can be run here."""
    for line in instructions("RUN"):
        script, *_ = json.loads(line)
        assert os.access(ROOT / script, os.X_OK)
    assert len(instructions("FROM")) == 2
    assert instructions("USER") == ["65532:65532"]
    assert "/healthcheck.py" in instructions("HEALTHCHECK")[0]


@pytest.mark.slow
def test_build_script_makes_a_bot_as_an_ordinary_user_in_an_empty_environment() -> None:
    """From nothing but what .dockerignore lets in; neither pip nor the build tools are left in it."""
    top = Path(tempfile.mkdtemp(prefix="smtpbot-image-"))
    try:
        source = top / "source"
        for name in re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text("utf-8"), re.MULTILINE):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_dir():
                left_out = shutil.ignore_patterns("__pycache__", "knowledge.json")
                shutil.copytree(ROOT / name, source / name, ignore=left_out)
            else:
                shutil.copy(ROOT / name, source / name)
        ((script, _),) = [json.loads(line) for line in instructions("RUN")]
        hurry = {"PIP_NO_COMPILE": "0"}  # which turns compiling off, as pip reads it
        nobody: dict[str, object] = {"cwd": source, "env": {"PATH": os.environ["PATH"], "HOME": str(top), **hurry}}
        if os.getuid() == 0:
            owner = pwd.getpwnam("nobody")
            run("chown", "-R", f"{owner.pw_uid}:{owner.pw_gid}", top)
            nobody |= {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        run(source / script, top / "made", **nobody)
        assert "451" in run(top / "made/bin/smtpbot", "ask", "451", **nobody)
        parts = "import slack_bolt, discord, starlette, sqlalchemy, psycopg, uvloop, prometheus_client, matplotlib"
        run(top / "made/bin/python", "-c", parts, **nobody)
        left = {path.name for path in (top / "made").glob("lib/python3*/site-packages/*")}
        assert "slack_bolt" in left and not left & {"pip", "setuptools", "hatchling", "editables", "pytest"}
        assert (top / "made/state").is_dir() and (top / "made/healthcheck.py").is_file()
    finally:
        shutil.rmtree(top)


class _Health(http.server.BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def health() -> Iterator[http.server.HTTPServer]:
    """A server whose health can be changed."""
    server = http.server.HTTPServer(("127.0.0.1", 0), _Health)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
    _Health.status = 200


def test_health_check_follows_the_answer(health: http.server.HTTPServer) -> None:
    """0 for 200 wherever it listens, 1 with a reason for anything else."""

    def check(listen: str) -> tuple[int, str]:
        script = DEPLOY / "docker" / "healthcheck.py"
        done = subprocess.run([sys.executable, script], env={"SMTPBOT_LISTEN": listen}, capture_output=True, text=True)
        return done.returncode, done.stdout.strip()

    port = health.server_address[1]
    assert check(f"127.0.0.1:{port}") == check(f"0.0.0.0:{port}") == (0, "")
    _Health.status = 503
    assert check(f"0.0.0.0:{port}") == (1, "status 503")
    assert check("127.0.0.1:9") == (1, "no answer: ConnectionRefusedError")


COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))


def test_image_and_compose_set_what_the_bot_knows(tmp_path: Path) -> None:
    """Their settings are read without a problem, secrets from files."""
    known = {setting.name for setting in SETTINGS}
    image = dict(re.findall(r"(\w+)=(\S+)", " ".join(instructions("ENV"))))
    ours = {name: value for name, value in image.items() if name in known}
    assert set(ours) == {"SMTPBOT_LISTEN", "SMTPBOT_STATE_DIR"}
    settings = read_as_set(ours | COMPOSE["services"]["bot"]["environment"], tmp_path / "s", "/run/secrets")
    assert settings.slack_bot_token and settings.database_url and settings.listen == ("0.0.0.0", 8451)


def test_compose_gives_each_service_the_secrets_it_reads_and_no_more() -> None:
    """As files; none stands in the file itself."""
    for service in COMPOSE["services"].values():
        read = [value for name, value in service["environment"].items() if name.endswith("_FILE")]
        assert sorted(read) == sorted(f"/run/secrets/{name}" for name in service["secrets"])
    assert {name for service in COMPOSE["services"].values() for name in service["secrets"]} == set(COMPOSE["secrets"])
    bot = COMPOSE["services"]["bot"]
    assert bot["read_only"] and bot["cap_drop"] == ["ALL"] and bot["ports"] == ["127.0.0.1:8451:8451"]
    assert (DEPLOY / bot["build"]["context"] / bot["build"]["dockerfile"]).resolve() == DOCKERFILE


def test_compose_file_is_one() -> None:
    """Compose itself reads it, where it is installed."""
    if not shutil.which("docker") or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker compose is not installed")
    run("docker", "compose", "--file", DEPLOY / "compose.yaml", "config", "--quiet")


def test_new_secrets_fit_together_and_are_kept(tmp_path: Path) -> None:
    """The URL holds the password, the key encrypts, nobody else may enter, and a second run changes nothing."""
    folder = tmp_path / "secrets"
    run(DEPLOY / "new-secrets", folder)
    made = {path.name: path.read_text("utf-8") for path in folder.iterdir()}
    url = read_url(made["database_url"])
    assert (url.password, url.host, url.database) == (made["database_password"], "database", "smtpbot")
    from cryptography.fernet import Fernet

    Fernet(made["encryption_keys"])
    assert folder.stat().st_mode & 0o777 == 0o700
    run(DEPLOY / "new-secrets", folder)
    assert {path.name: path.read_text("utf-8") for path in folder.iterdir()} == made

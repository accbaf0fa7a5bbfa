"""The examples for nginx and Caddy: read by the programs themselves."""

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.deploy.tools import DEPLOY, need, run

FOLDER = DEPLOY / "proxies"
WRAPPED = """\
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/smtpbot.conf;
}}
"""


def write_certificate(folder: Path) -> None:
    """A certificate for the name in the example, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "smtpbot.example.com")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now).not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "privkey.pem").write_bytes(key.private_bytes(pem, pkcs8, plain))


def test_nginx_takes_the_example(tmp_path: Path) -> None:
    """`nginx -t`, with a certificate where the example names one."""
    nginx = need("nginx")
    write_certificate(tmp_path)
    example = (FOLDER / "nginx.conf").read_text("utf-8").replace("/etc/ssl/smtpbot", str(tmp_path))
    (tmp_path / "smtpbot.conf").write_text(example, "utf-8")
    (tmp_path / "nginx.conf").write_text(WRAPPED.format(folder=tmp_path), "utf-8")
    assert "test is successful" in run(nginx, "-t", "-c", tmp_path / "nginx.conf", "-p", tmp_path)


def test_nginx_gives_a_request_to_the_other_replica() -> None:
    """Also one that may have begun to have an effect: claims see to it that it has one effect only."""
    told = (FOLDER / "nginx.conf").read_text("utf-8")
    assert "proxy_next_upstream error timeout non_idempotent;" in told
    ingress = (DEPLOY / "kubernetes/components/http/ingress.yaml").read_text("utf-8")
    assert "proxy-next-upstream: error timeout non_idempotent\n" in ingress


def test_caddy_takes_the_example(tmp_path: Path) -> None:
    """`caddy validate`."""
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    told = run(
        need("caddy"), "validate", "--adapter", "caddyfile", "--config", FOLDER / "Caddyfile", env=home, cwd=tmp_path
    )
    assert "Valid configuration" in told


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
def test_only_slack_is_open_to_the_world(name: str) -> None:
    """Neither health nor metrics."""
    told = (FOLDER / name).read_text("utf-8")
    assert re.search(r"/slack/", told) and "/metrics" not in told
    assert re.search(r"location / \{\s+return 404;", told) or re.search(r"handle \{\s+respond 404", told)

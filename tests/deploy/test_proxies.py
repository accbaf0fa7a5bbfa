"""The examples for nginx and Caddy: read by the programs themselves."""

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.probes import Probes
from adapters.slack.http import MAX_BODY as SLACK_BODY
from adapters.web.inbound import MAX_BODY as PAGE_BODY
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


def read(name: str) -> str:
    """An example."""
    return (FOLDER / name).read_text("utf-8")


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
    assert "proxy_next_upstream error timeout http_503 non_idempotent;" in told
    assert told.count("max_fails=0;") == 2  # else one replica's 503 would shut it out for all other requests
    ingress = (DEPLOY / "kubernetes/components/http/ingress.yaml").read_text("utf-8")
    assert "proxy-next-upstream: error timeout http_503 non_idempotent\n" in ingress


def test_caddy_takes_the_example(tmp_path: Path) -> None:
    """`caddy validate`."""
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    told = run(
        need("caddy"), "validate", "--adapter", "caddyfile", "--config", FOLDER / "Caddyfile", env=home, cwd=tmp_path
    )
    assert "Valid configuration" in told


def test_health_and_metrics_are_not_open_to_the_world() -> None:
    """Neither through nginx nor through Caddy nor through the ingress."""
    paths = {"/healthz", "/readyz", "/metrics"}
    assert Probes.paths == paths
    assert re.search(r"location ~ \^/\(healthz\|readyz\|metrics\)\$ \{\s+return 404;", read("nginx.conf"))
    assert "@inside path /healthz /readyz /metrics\n\thandle @inside {\n\t\trespond 404" in read("Caddyfile")
    ingress = yaml.safe_load_all((DEPLOY / "kubernetes/components/http/ingress.yaml").read_text("utf-8"))
    inside = [one for one in ingress if one["metadata"]["name"] == "smtpbot-http-inside"]
    assert {path["path"] for path in inside[0]["spec"]["rules"][0]["http"]["paths"]} == paths
    assert inside[0]["metadata"]["annotations"] == {
        "nginx.ingress.kubernetes.io/whitelist-source-range": "127.0.0.1/32"
    }


def test_every_proxy_lets_the_largest_requests_through() -> None:
    """Slack's, and the page's with a file; so that the bot itself says what is too large."""
    mega = 1_048_576
    sizes = [int(size) * mega for size in re.findall(r"client_max_body_size (\d+)m;", read("nginx.conf"))]
    assert sizes[0] >= SLACK_BODY and sizes[1] >= PAGE_BODY
    sizes = [int(size) * 1_000_000 for size in re.findall(r"max_size (\d+)MB", read("Caddyfile"))]
    assert sizes[0] >= SLACK_BODY and sizes[1] >= PAGE_BODY
    ingress = (DEPLOY / "kubernetes/components/http/ingress.yaml").read_text("utf-8")
    assert int(re.findall(r"proxy-body-size: (\d+)m", ingress)[0]) * mega >= PAGE_BODY

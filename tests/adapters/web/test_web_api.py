"""The JSON API over real HTTP: what it answers, what it refuses, and that its document says the same."""

import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import jsonschema
import pytest
import requests
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from adapters.web.api import openapi
from adapters.web.guard import client_key
from bot.app import Bot
from bot.record import record
from tests.adapters.web.site import Site, open_site
from tests.timing import WITHIN

MAILS = Path(__file__).parents[2] / "mails"
FULL = "452 4.2.2 <kim@example.org>: mailbox is full"


def ask(site: Site, **kwargs: object) -> requests.Response:
    return requests.post(f"{site.url}/api/explain", timeout=WITHIN, **kwargs)  # type: ignore[arg-type]


def check_problem(response: requests.Response, status: int) -> str:
    """The sentence of a problem that is in the form of RFC 9457."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    told = response.json()
    assert set(told) == {"type", "title", "status", "detail"}
    assert told["status"] == status
    return str(told["detail"])


def test_a_text_gets_the_record_of_the_core(site: Site, bot: Bot) -> None:
    """The API adds nothing to the record but how long it took and the id that came with the question."""
    made = ask(site, json={"text": FULL, "id": "q-1"}).json()
    assert made.pop("took_ms") > 0
    assert made == record(bot.answer(FULL, drafts=True), "q-1")


@pytest.mark.parametrize("kind", ["multipart", "message/rfc822"])
def test_a_mail_gets_the_answer_of_the_mail(site: Site, bot: Bot, kind: str) -> None:
    """As a file of a form or as it is."""
    raw = (MAILS / "postfix-three-causes.eml").read_bytes()
    if kind == "multipart":
        made = ask(site, files={"file": ("bounce.eml", raw)}).json()
    else:
        made = ask(site, data=raw, headers={"content-type": kind}).json()
    made.pop("took_ms")
    assert made == record(bot.answer_mail(raw, drafts=True))


def test_records_keep_to_the_document(site: Site) -> None:
    """Every mail of the corpus gives a record that the schema of the document allows."""
    document = openapi()
    schema = {"$ref": "#/components/schemas/Record", "components": document["components"]}
    validator = jsonschema.Draft202012Validator(schema)
    mails = sorted(MAILS.glob("*.eml"))[::6]
    assert len(mails) > 15
    for mail in mails:
        validator.validate(ask(site, data=mail.read_bytes(), headers={"content-type": "message/rfc822"}).json())
    for text in ("", "help", "what is 999?", "451", "450 vs 550", "mailbox full", "are you there?"):
        validator.validate(ask(site, json={"text": text}).json())


def test_a_code_is_looked_up(site: Site) -> None:
    """Reply codes, enhanced codes and what only a provider uses."""
    for code, entry in (("550", "reply/550"), ("5.7.26", "enhanced/X.7.26"), ("x.1.1", "enhanced/X.1.1")):
        made = requests.get(f"{site.url}/api/codes/{code}", timeout=WITHIN).json()
        assert made["answers"][0]["entry"] == entry
    assert requests.get(f"{site.url}/api/codes/4.7.500", timeout=WITHIN).status_code == 200


@pytest.mark.parametrize("code", ["999", "55", "help", "5.99.1", "%3Cscript%3E", "299"])
def test_an_unknown_code_is_a_problem(site: Site, code: str) -> None:
    """Nothing is invented for it."""
    check_problem(requests.get(f"{site.url}/api/codes/{code}", timeout=WITHIN), 404)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"[]", "application/json", 422),
        (b"{}", "application/json", 422),
        (b'{"text": 451}', "application/json", 422),
        (b'{"text": "451", "more": 1}', "application/json", 422),
        (b'{"text": "451", "id": 7}', "application/json", 422),
        (b"[" * 100_000, "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"451", "text/html", 415),
        (b"", "message/rfc822", 422),
        (b"no boundary", "multipart/form-data", 400),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x", 422),
        (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n', "multipart/form-data; boundary=x", 422),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_a_problem(site: Site, body: bytes, kind: str, status: int) -> None:
    """With a sentence that says why, and nothing of what was sent."""
    check_problem(ask(site, data=body, headers={"content-type": kind}), status)


def test_half_a_character_is_answered(site: Site) -> None:
    """JSON can hold a lone surrogate; the answer still is UTF-8."""
    response = ask(site, data=b'{"text": "550 \\ud800 user unknown", "id": "\\udfff"}', headers={"content-type": "application/json"})  # fmt: skip
    assert response.status_code == 200
    assert response.json()["id"] == "?"


def test_a_large_body_is_refused(site: Site) -> None:
    """As soon as its length says so, and where it has none while it arrives."""
    assert "1 MB" in check_problem(ask(site, data=b'{"text": "' + b"a" * 7_000_000 + b'"}', headers={"content-type": "application/json"}), 413)  # fmt: skip

    def chunks() -> Iterator[bytes]:
        for _ in range(12):
            yield b"a" * 1_000_000

    assert "10 MB" in check_problem(ask(site, data=chunks(), headers={"content-type": "message/rfc822"}), 413)
    assert "10 MB" in ask(site, files={"file": ("big.eml", b"a" * 10_000_001)}).json()["text"]


def test_a_body_of_any_size_is_not_waited_for(site: Site) -> None:
    """A length beyond all bounds is refused before the body comes."""
    where = urlsplit(site.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=WITHIN)
    connection.putrequest("POST", "/api/explain")
    connection.putheader("content-type", "message/rfc822")
    connection.putheader("content-length", "99999999999")
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_other_methods_are_refused(site: Site) -> None:
    """With the ones that are allowed."""
    response = requests.get(f"{site.url}/api/explain", timeout=WITHIN)
    check_problem(response, 405)
    assert response.headers["allow"] == "POST"


def test_no_other_site_may_read_an_answer(site: Site) -> None:
    """There is no CORS header, whoever asks."""
    answered = ask(site, json={"text": "451"}, headers={"origin": "https://elsewhere.example"})
    asked = requests.options(f"{site.url}/api/explain", headers={"origin": "https://elsewhere.example", "access-control-request-method": "POST"}, timeout=WITHIN)  # fmt: skip
    for response in (answered, asked):
        assert not [name for name in response.headers if name.lower().startswith("access-control")]


def test_who_asks_too_much_is_asked_to_wait(bot: Bot) -> None:
    """429 with Retry-After; a header that the client makes up changes nothing."""
    with open_site(bot, per_minute=3) as site:
        for _ in range(3):
            assert ask(site, json={"text": "451"}).status_code == 200
        response = ask(site, json={"text": "451"}, headers={"x-forwarded-for": "203.0.113.7"})
        check_problem(response, 429)
        assert 0 < int(response.headers["retry-after"]) <= 60
        page = requests.get(site.url, timeout=WITHIN)
        assert page.status_code == 429
        assert "Please wait" in page.text


def test_a_client_is_an_address_or_an_ipv6_network() -> None:
    """Whoever has a whole /64 is one client."""
    keys = [client_key({"client": (host, 1)}) for host in ("192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1", "2001:db8::2:1", "2001:db8:0:1::1")]  # fmt: skip
    assert keys[0] == keys[1] == "192.0.2.7"
    assert keys[2] == keys[3] != keys[4]
    assert client_key({}) == "unknown"


def test_each_answer_is_counted_without_its_text(bot: Bot) -> None:
    """Day, platform, kind, cause and provider; the place is the web."""
    with open_site(bot) as site:
        ask(site, json={"text": FULL})
        ask(site, json={"text": "are you there?"})
        ((_, *row),) = site.service.telemetry.take_rows()
        assert row[:4] == ["web", "", "bounce", "mailbox-full"]
        assert set(site.service.telemetry.snapshot()) == {"web.api.bounce", "web.api.none"}


def test_the_document_is_valid(site: Site) -> None:
    """By the schema of OpenAPI 3.1 that schemathesis carries; its own schemas are JSON Schema, its references lead somewhere."""
    document = requests.get(f"{site.url}/api/openapi.json", timeout=WITHIN).json()
    assert document["openapi"] == "3.1.0"
    OPENAPI_31_VALIDATOR.validate(document)
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    references = [word for word in json.dumps(document).split('"') if word.startswith("#/")]
    for reference in references:
        found = document
        for step in reference[2:].split("/"):
            found = found[step]


def test_a_broken_off_request_harms_nobody(site: Site) -> None:
    """The next one is answered."""
    where = urlsplit(site.url)
    with socket.create_connection((where.hostname, where.port)) as raw:
        raw.sendall(
            b"POST /api/explain HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 50\r\n\r\nhalf"
        )
    assert ask(site, json={"text": "451"}).status_code == 200

"""What others may not read is masked, and nothing else."""

import pytest

from bot.redaction import mask_addresses, redact
from tests.timing import grows


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("kim@example.com", "k•••@example.com"),
        ("to=<kim.lee@example.com>, orig_to=root@localhost,", "to=<k•••@example.com>, orig_to=r•••@localhost,"),
        ("to=kim@example.com", "to=k•••@example.com"),
        ('<"kim lee"@example.com>', "<k•••@example.com>"),
        ("bounces+kim=example.org@list.example", "b•••@list.example"),
        ("SRS0=ab=cd=example.org=kim@fwd.example", "S•••@fwd.example"),
        ("https://example.com/?to=kim%40example.org", "https://example.com/?to=k•••%40example.org"),
        ("kim@[192.0.2.1] or kim@[IPv6:2001:db8::1]", "k•••@[192.0.2.1] or k•••@[IPv6:2001:db8::1]"),
        ("jürgen@müller.example", "j•••@müller.example"),
        ("x@example.com", "x•••@example.com"),
        ("mailto:kim@example.com|kim@example.com", "mailto:k•••@example.com|k•••@example.com"),
        ("`swaks --to kim@example.com`", "`swaks --to k•••@example.com`"),
        ("k•••@example.com", "k•••@example.com"),
        ('see "a b c"@example.com now', "see a•••@example.com now"),
        ('""@example.com', '"•••@example.com'),
        ('x"@example.com', 'x"@example.com'),
        ('kim@a.example "lee b"@b.example', "k•••@a.example l•••@b.example"),
        (
            "*kim*@example.com _lee@example.com ~max@example.com",
            "*k•••@example.com _l•••@example.com ~m•••@example.com",
        ),
        ("=kim@example.com ./+-kim@example.com", "=k•••@example.com ./+-k•••@example.com"),
        ("*@example.com", "*•••@example.com"),
        ("*k@example.com *Xaver@example.com", "*k•••@example.com *X•••@example.com"),
        ("lee@ kim@example.com", "lee@ k•••@example.com"),
        ('@example.com "kim"', '@example.com "kim"'),
        (
            "FROM=kim@example.com orig_to=lee@example.com rcpt=max@example.com",
            "FROM=k•••@example.com orig_to=l•••@example.com rcpt=m•••@example.com",
        ),
        (
            "sasl_username=kim@example.com authid=lee@example.com",
            "sasl_username=k•••@example.com authid=l•••@example.com",
        ),
        ("kim@example.com@example.org", "k•••@example.com@example.org"),
        ("a\tkim@example.com\nlee@example.com", "a\tk•••@example.com\nl•••@example.com"),
        ("kim@example.com.", "k•••@example.com."),
        ("kim%40example.com lee@", "k•••%40example.com lee@"),
        ("KIM%40EXAMPLE.COM", "K•••%40EXAMPLE.COM"),
        ('"x" "\n a"@example.com b"@example.org', '"x" \n•••@example.com b"@example.org'),
        ("•••kim@example.com", "•••@example.com"),
    ],
)
def test_addresses_keep_first_letter_and_domain(text: str, masked: str) -> None:
    """Enough to recognize, too little to write to; masking twice changes nothing more."""
    assert mask_addresses(text) == masked
    assert mask_addresses(masked) == masked


@pytest.mark.parametrize(
    "text", ["", "@", "@here", "a @ b", "5.1.1", "@@@", "100% @home", "mail server: mx1.example.com"]
)
def test_what_is_no_address_stays(text: str) -> None:
    """Mentions, signs and hosts."""
    assert mask_addresses(text) == text


@pytest.mark.parametrize(
    "secret",
    [
        "xoxb-123456789012-abcDEF", "xapp-1-A111-222-abcdef", "xoxe.xoxp-1-abc", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d2",
        "Bearer abc.def", "https://hooks.slack.com/commands/T1/22/secret", "wss://wss.slack.com/link/?ticket=1-2",
        "https://files.slack.com/files-pri/T1-F1/bounce.eml", '"token": "abcdef"', "password=hunter2", "client_secret: s3cr3t",
        "13345224609.738474920.8088930838d88f008e0", "8f742231b10e8888abcd99yyyzzz85a5".replace("y", "1").replace("z", "2"),
        "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs", "kim@example.com",
    ],
)  # fmt: skip
def test_logs_hold_no_secret(secret: str) -> None:
    """Tokens, signatures, the paths of links, named secrets and addresses are gone; the words around them stay."""
    told = redact(f"before {secret} after")
    assert "•••" in told and told.startswith("before ") and told.endswith(" after")
    for piece in (
        "abc",
        "a2114",
        "secret•",
        "ticket",
        "F1",
        "hunter",
        "s3cr3t",
        "8088930838",
        "8f7422",
        "ZnCjm",
        "kim",
    ):
        assert piece not in told


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ("https://mail.example.org/reset?k=1", "https://mail.example.org/•••"),
        ("http://kim:hunter2@mail.example.org/reset", "http://mail.example.org/•••"),
        ("wss://kim:hunter@2@mail.example.org", "wss://mail.example.org/•••"),
    ],
)
def test_of_a_link_only_the_host_stays_in_logs(link: str, kept: str) -> None:
    """Not its path, nor the name and password before the host."""
    assert redact(f"see {link} now") == f"see {kept} now"


def test_known_secrets_are_removed_whatever_they_look_like() -> None:
    """The values of the settings."""
    assert redact("it is plainword", ("plainword",)) == "it is •••"


def test_ordinary_log_lines_stay() -> None:
    """A log that hides all tells nothing."""
    line = "answered app_mention in 3.1 ms, kind bounce, id 0a1b2c3d"
    assert redact(line) == line


@pytest.mark.parametrize(
    "piece",
    ["a", "@", "a@", '"@', "token=", "https://", "a.", "x-", "=@a", "1", "v0=", "a@b.", "%40", "<a@b>", "Bearer ", "bearer\t", "xoxb-", "secret: ",
     "0a", "[IPv6:", "a" * 28 + "."],
)  # fmt: skip
def test_time_grows_with_length_only(piece: str) -> None:
    """Linear on any repeated text, with or without an at sign at its end."""
    short, long = (piece * (size // len(piece)) + "@" for size in (50_000, 200_000))
    assert grows(lambda: redact(short), lambda: redact(long), 8, clear=0.006)

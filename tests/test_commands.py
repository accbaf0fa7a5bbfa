"""The commands as a person types them: what is printed, and the exit status."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BOUNCE = "550 5.1.1 <user@example.org>: Recipient address rejected: User unknown in virtual mailbox table\n"


def _run(*words: str, given: str | None = None, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [sys.executable, "-m", "bot", *words],
        cwd=ROOT,
        input=given,
        capture_output=True,
        text=True,
        env={**os.environ, **(env or {})},
        timeout=60,
    )


def test_ask_answers_with_status_0() -> None:
    """A code is explained."""
    done = _run("ask", "451")
    assert done.returncode == 0 and done.stdout.startswith("451: ") and not done.stderr


def test_ask_json_is_the_record() -> None:
    """--json prints one object with the fields of the contract."""
    made = json.loads(_run("ask", "--json", "550", "5.1.1", "user", "unknown").stdout)
    assert made["kind"] == "bounce" and made["answers"][0]["cause"] == "mailbox-not-found" and made["took_ms"] > 0
    assert set(made["drafts"]) == {"customer"}  # nobody but the sender can correct an address


def test_what_is_no_mail_error_has_status_1() -> None:
    """An unknown number is said to be none."""
    done = _run("ask", "what", "is", "999?")
    assert done.returncode == 1 and "999" in done.stdout


@pytest.mark.parametrize("words", [("explain", "no-such-file.eml"), ("frobnicate",), ("ask",), ("data", "show")])
def test_wrong_use_has_status_2(words: tuple[str, ...]) -> None:
    """And one sentence, no traceback."""
    done = _run(*words)
    assert done.returncode == 2 and done.stderr and "Traceback" not in done.stderr


def test_explain_reads_standard_input_files_and_folders(tmp_path: Path) -> None:
    """A pipe, a file, a folder, an mbox."""
    assert "user@example.org" in _run("explain", given=BOUNCE).stdout
    (tmp_path / "a.txt").write_text(BOUNCE)
    (tmp_path / "b.txt").write_text("452 4.2.2 Mailbox full\n")
    done = _run("explain", str(tmp_path))
    assert done.returncode == 0 and done.stdout.count("What to do:") == 2
    (tmp_path / "c.mbox").write_text(
        f"From a Mon Jan  1 00:00:00 2026\nFrom: mailer-daemon@example.com\nSubject: Undelivered mail\n\n{BOUNCE}\nFrom b Mon Jan  1 00:00:00 2026\nFrom: x@example.com\nSubject: hi\n\nlunch?\n"
    )
    done = _run("explain", "--json", str(tmp_path / "c.mbox"))
    assert [json.loads(line)["is_bounce"] for line in done.stdout.splitlines()] == [True, False]


def test_explain_csv_has_no_formulas() -> None:
    """A cell that a spreadsheet would run is made text."""
    done = _run("explain", "--csv", given="550 5.1.1 <=cmd@example.org>: User unknown\n")
    assert "mailbox-not-found" in done.stdout and ",=cmd" not in done.stdout


def test_explain_why_and_draft() -> None:
    """--why names what decided; --draft is a mail ready to send."""
    assert "Decided by:" in _run("explain", "--why", given=BOUNCE).stdout
    draft = _run("explain", "--draft", "customer", given=BOUNCE).stdout
    assert "user@example.org" in draft and draft.count(".") >= 3


def test_batch_keeps_the_order_and_names_bad_lines(tmp_path: Path) -> None:
    """One record for each good line; status 2 where a line was no such object."""
    (tmp_path / "m.txt").write_text(BOUNCE)
    lines = [
        {"id": "a", "text": "451"},
        {"id": "b", "file": str(tmp_path / "m.txt")},
        {"id": "c", "text": "are you there?", "via": "channel"},
    ]
    done = _run("batch", given="\n".join(map(json.dumps, lines)) + "\n")
    made = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0 and [row["id"] for row in made] == ["a", "b", "c"]
    assert made[2]["answered"] is False and made[2]["text"] == ""
    assert _run("batch", given="not json\n").returncode == 2


def test_chat_answers_each_paragraph_of_a_pipe() -> None:
    """Two questions, two answers, then it ends."""
    done = _run("chat", given="451\n\nwhat is 5.7.26?\n")
    assert done.returncode == 0 and "451: " in done.stdout and "5.7.26: " in done.stdout


def test_no_colors_without_a_terminal() -> None:
    """A pipe gets plain text."""
    assert "\x1b" not in _run("ask", "451").stdout


def test_completion_is_a_script() -> None:
    """For the shells shtab knows."""
    assert "smtpbot" in _run("completion", "bash").stdout


def test_search_and_show() -> None:
    """The knowledge can be looked into."""
    assert "google" in _run("data", "search", "quota gmail").stdout.lower()
    assert json.loads(_run("data", "show", "reply/451").stdout)["facts"]["permanence"] == "temporary"
    assert _run("data", "show", "reply/999").returncode == 1


def test_own_knowledge_is_laid_over_ours_and_its_faults_are_named(tmp_path: Path) -> None:
    """An operator's entry answers; a broken file ends in one sentence with file, line and column, and status 3."""
    providers, words = tmp_path / "providers", tmp_path / "text" / "en" / "providers"
    providers.mkdir(), words.mkdir(parents=True)
    (providers / "ours.yaml").write_text(
        "id: ours\nfamily: ours\nname: Our smarthost\nkind: mailbox\nrecognise:\n  hosts: [out.example.com]\npages: [https://wiki.example.com/mail]\n"
        "checked: 2026-11-24\nentries:\n- id: ours/quota\n  text: [smarthost says nine]\n  anywhere: true\n  cause: rate-limited\n  who: [sender-admin]\n  example: 550 smarthost says nine\n"
    )
    (words / "ours.yaml").write_text(
        "ours/quota:\n  happened: Our smarthost limits each customer to nine mails.\n  steps:\n  - Ask in the mail-ops channel.\n"
    )
    done = _run("ask", "550 smarthost says nine", env={"SMTPBOT_DATA_DIR": str(tmp_path)})
    assert done.returncode == 0 and "Ask in the mail-ops channel" in done.stdout
    (providers / "broken.yaml").write_text("id: broken\n  family: [\n")
    done = _run("ask", "451", env={"SMTPBOT_DATA_DIR": str(tmp_path)})
    assert done.returncode == 3 and "broken.yaml:2:" in done.stderr and "Traceback" not in done.stderr


def test_a_step_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """An unquoted colon makes a mapping of a step; it must not reach an answer."""
    data = tmp_path / "data"
    shutil.copytree(ROOT / "data", data)
    with (data / "text/en/providers/google.yaml").open("a", encoding="utf-8") as words:
        words.write("google/broken:\n  steps:\n  - Ask: the admin.\n")
    done = _run("data", "check", "--folder", str(data))
    assert done.returncode == 3 and "google/broken steps: {'Ask': 'the admin.'} is no text" in done.stderr

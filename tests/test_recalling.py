"""References that buttons carry bring the answer again, and hold nothing of the text."""

from pathlib import Path

import pytest

from bot import load
from bot.recalling import MAX_REFERENCE, _short, references_of, values_of

BOT = load()
MAILS = sorted((Path(__file__).parent / "mails").glob("*.eml"))
ASKED = ("451", "what is 5.7.26?", "550 vs 450", "soft vs hard bounce", "gmail 4.7.28", "S3140", "421 4.7.0", "5xx")


@pytest.mark.parametrize("text", ASKED)
def test_question_is_asked_again(text: str) -> None:
    """A question about codes comes back as itself."""
    reply = BOT.answer(text)
    again = BOT.recall(references_of(reply), {})
    assert again is not None
    assert again.message == reply.message


@pytest.mark.parametrize("path", MAILS, ids=lambda path: path.stem)
def test_answer_to_a_mail_comes_back(path: Path) -> None:
    """The cause, the steps' number and whose move it is are those of the first answer; no word of the mail is carried."""
    reply = BOT.answer_mail(path.read_bytes(), drafts=True)
    references = references_of(reply)
    assert all(len(reference) <= MAX_REFERENCE for reference in references)
    if not reply.answered:
        assert references == ()
        return
    first = reply.answers[0]
    again = BOT.recall(references, values_of(first, BOT.knowledge), drafts=True)
    assert again is not None
    causes = {answer.verdict.cause for answer in again.answers}
    assert causes <= {answer.verdict.cause for answer in reply.answers}
    if len(reply.answers) == 1:
        back = again.answers[0]
        assert back.headline == first.headline
        assert (back.verdict.detail, back.verdict.entry) == (first.verdict.detail, first.verdict.entry)
        assert again.drafts.keys() == reply.drafts.keys()
    for answer in reply.answers:
        recipient = answer.failure.recipient
        assert not recipient or not any(recipient in reference for reference in references)


def test_short_names_are_unique() -> None:
    """No two entries, causes, details or providers share a short name."""
    knowledge = BOT.knowledge
    names = {rule.id for rule in knowledge.rules} | set(knowledge.causes) | set(knowledge.providers)
    assert len({_short(name) for name in names}) == len(names)


@pytest.mark.parametrize("reference", ["", "a:", "a:::::::", "a:0:0:0:0:550:5.1.1:pfcou", "x", "a:" + ":" * 60, "q:"])
def test_made_up_reference_brings_nothing(reference: str) -> None:
    """A reference nobody gave out is answered with nothing, or with the usage."""
    again = BOT.recall([reference], {})
    assert again is None or not again.answered

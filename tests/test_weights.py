"""Which of several reasons wins and how sure it makes us, on small knowledge made for it."""

from typing import Any

import pytest

from bot.deciding import decide
from bot.knowledge import FORMAT, Knowledge
from bot.model import Failure, Verdict
from bot.readers.replies import find_codes

CAUSES: dict[str, Any] = {
    "red": {"who": ["sender"], "rank": 50, "permanence": "permanent", "details": {"dark": {"who": ["recipient-admin"]}}},
    "blue": {"who": ["recipient"], "rank": 50, "permanence": "temporary"},
    "late": {"who": ["wait"], "rank": 50},
    "top": {"who": ["sender"], "rank": 90},
    "script": {"who": ["wait"], "rank": 50, "who_program": ["sender"], "who_own": ["recipient"]},
    "own": {"who": ["sender"], "rank": 50, "who_local": ["recipient"], "who_own": ["sender-admin"], "who_remote": ["recipient-admin"]},
    **{name: {"who": ["wait"], "rank": 50} for name in ("delayed", "delivery-expired", "accepted", "unclear", "mailbox-full", "sender-blocklisted")},
}  # fmt: skip
PROVIDERS: dict[str, Any] = {
    name: {
        "id": name,
        "family": f"{name.removesuffix('2')}-family",
        "name": name.title(),
        "kind": kind,
        "recognise": recognised,
    }
    for name, kind, recognised in [
        ("acme", "mailbox", {"hosts": ["mx.acme.example"], "domains": ["acme.example"], "text": ["acme says"]}),
        ("acme2", "mailbox", {}),
        ("other", "mailbox", {"hosts": ["mx.other.example"]}),
        ("daemon", "mta", {"text": ["daemon here"]}),
        ("list", "blocklist", {"zones": ["list.example"]}),
    ]
}
ENHANCED: dict[str, Any] = {
    "X.1.1": {"weight": "decides", "cause": "red", "detail": "red/dark"},
    "X.2.2": {"weight": "hints", "cause": "blue", "detail": "blue/pale"},
    "X.3.3": {"weight": "nothing", "cause": "red"},
    "X.4.4": {"weight": "decides", "cause": "red", "detail": "red/dark", "cause_4": "blue"},
    "X.5.5": {"weight": "decides"},
}
REPLY: dict[str, Any] = {"550": {"causes": [{"cause": "red"}, {"cause": "blue"}]}, "421": {"alone": "blue"}, "451": {}}
SENSES = {"box": ["case", "crate"], "over": ["brimming"], "room": ["space"], "left": ["left"], "home": ["home"]}


def knowing(*rules: dict[str, Any], **more: Any) -> Knowledge:
    """A knowledge of those rules, each with a cause and what makes it match."""
    numbered = [{"id": f"{rule['cause']}/{place}", **rule} for place, rule in enumerate(rules)]
    built = {
        "format": FORMAT,
        "causes": CAUSES,
        "providers": PROVIDERS,
        "enhanced": ENHANCED,
        "reply": REPLY,
        "senses": SENSES,
    }
    return Knowledge({**built, "rules": numbered, "words": {"en": {"ui": {}, "causes": {}}}, **more})  # fmt: skip


def told(knowledge: Knowledge, text: str, **more: Any) -> Verdict:
    """The verdict on a failure with that diagnostic."""
    reply, status = find_codes(text)
    return decide(Failure(**{"diagnostic": text, "reply_code": reply, "enhanced_code": status, **more}), knowledge)


ACME = {"remote_mta": "mx.acme.example"}


@pytest.mark.parametrize(
    ("rules", "text", "more", "causes"),
    [
        # From one level to the next: what wins stands first, whatever comes first in the text.
        ([{"cause": "blue", "provider": "acme", "text": ["plum jam"]}, {"cause": "red", "provider": "acme", "marks": ["QX17"]}], "plum jam QX17", ACME, "red blue"),
        ([{"cause": "blue", "text": ["pear tart"], "strength": 3}, {"cause": "red", "provider": "acme", "text": ["plum jam"]}], "pear tart plum jam", ACME, "red blue"),
        ([{"cause": "blue", "text": ["pear tart"], "strength": 3}, {"cause": "red", "provider": "acme", "status": ["5.9.9"]}], "5.9.9 pear tart", ACME, "red blue"),
        ([{"cause": "blue", "text": ["pear tart"], "strength": 3}, {"cause": "red", "provider": "daemon", "anywhere": True, "text": ["plum jam"]}], "pear tart plum jam", {}, "red blue"),
        ([{"cause": "blue", "text": ["kiwi pie"]}, {"cause": "red", "text": ["pear tart"], "strength": 3}], "kiwi pie pear tart", {}, "red blue"),
        ([{"cause": "late", "provider": "acme", "status": ["5.1.1"]}, {"cause": "blue", "text": ["kiwi pie"]}], "5.1.1 kiwi pie", ACME, "blue late red"),
        ([{"cause": "blue", "text": ["kiwi pie"], "strength": 1}, {"cause": "late", "text": [], "sense": ["box over"]}], "kiwi pie brimming case", {}, "late blue"),
        ([{"cause": "late", "text": [], "sense": ["box over"]}], "5.1.1 brimming case", {}, "red late"),
        ([{"cause": "late", "text": [], "sense": ["box over"]}], "5.2.2 brimming case", {}, "late blue"),
        ([{"cause": "late", "text": [], "sense": ["box over"], "strength": 1}], "5.2.2 brimming case", {}, "blue late"),
        ([{"cause": "red", "text": ["kiwi pie"], "strength": 1}], "5.2.2 kiwi pie", {}, "blue red"),
        ([{"cause": "red", "text": ["kiwi pie"], "strength": 1}], "421 kiwi pie", {}, "red blue"),
        # Within one level: the longer phrase, then the rank of the cause, and whether the codes fit.
        ([{"cause": "red", "text": ["kiwi"]}, {"cause": "blue", "text": ["pear tart"]}], "kiwi, pear tart", {}, "blue red"),
        ([{"cause": "red", "text": ["kiwi"]}, {"cause": "top", "text": ["pear"]}], "kiwi, pear", {}, "top red"),
        ([{"cause": "red", "text": ["a b c d e f g h i j k l"]}, {"cause": "top", "text": ["m n o p q r s t u v"]}], "a b c d e f g h i j k l m n o p q r s t u v", {}, "top red"),
        ([{"cause": "top", "text": ["pear"]}, {"cause": "red", "text": ["kiwi"], "reply": ["550"]}], "pear kiwi", {}, "top red"),
        ([{"cause": "top", "text": ["pear"]}, {"cause": "blue", "text": ["kiwi"], "reply": ["550"]}], "550 pear kiwi", {}, "blue top"),
        ([{"cause": "blue", "text": ["pear"]}, {"cause": "top", "text": ["kiwi tart and jam"], "reply": ["552"]}], "550 kiwi tart and jam, pear", {}, "blue top"),
        ([{"cause": "blue", "text": ["pear"]}, {"cause": "top", "text": ["kiwi tart jam"], "reply": ["552"]}], "550 kiwi tart jam, pear", {}, "blue"),
        ([{"cause": "blue", "text": ["pear"]}, {"cause": "top", "marks": ["QX17"], "reply": ["552"]}], "550 QX17, pear", {}, "blue top"),
        ([{"cause": "blue", "text": ["pear tart"]}, {"cause": "red", "marks": ["QX17"]}], "pear tart QX17", {}, "red blue"),
        ([{"cause": "blue", "provider": "daemon", "anywhere": True, "text": ["pear tart"]}, {"cause": "red", "provider": "daemon", "anywhere": True, "marks": ["QX17"]}], "pear tart QX17", {}, "red blue"),
        ([{"cause": "blue", "text": ["pear"]}, {"cause": "red", "text": ["kiwi"]}], "5.1.1 pear kiwi", {}, "red blue"),
        ([{"cause": "blue", "text": [], "sense": ["box over"]}, {"cause": "red", "text": [], "sense": ["box over room"]}], "brimming case space", {}, "red blue"),
        ([{"cause": "red", "text": [], "sense": ["box over"]}, {"cause": "top", "text": [], "sense": ["box over"]}], "brimming case", {}, "top red"),
        ([{"cause": "red", "text": [], "sense": ["box room"]}, {"cause": "blue", "text": [], "sense": ["box over"]}], "brimming case of a space", {}, "blue red"),
        ([{"cause": "top", "text": [], "sense": ["room"]}, {"cause": "late", "text": [], "sense": ["box over"]}], "space, whatever that may be, of a very big, brimming case", {}, "late top"),
        ([{"cause": "blue", "text": [], "sense": ["left home"]}, {"cause": "red", "text": [], "sense": ["box over room"]}], "left home: space for one or two or three case which each now is quite brimming", {}, "red blue"),
        ([{"cause": "blue", "text": ["kiwi pie"]}, {"cause": "top", "text": ["pear tart"]}], "5.2.2 kiwi pie, pear tart", {}, "top blue"),
        # What follows from another reason counts less than that reason, but not less than nothing.
        *[([{"cause": cause, "text": ["kiwi pie today"]}, {"cause": "red", "text": ["pear"]}], "kiwi pie today, pear", {}, f"red {cause}") for cause in ("delivery-expired", "delayed", "accepted", "unclear")],
        ([{"cause": "delayed", "provider": "daemon", "anywhere": True, "text": ["kiwi pie today"]}, {"cause": "red", "text": ["pear"], "strength": 3}], "kiwi pie today, pear", {}, "red delayed"),
        ([{"cause": "delayed", "provider": "acme", "text": ["kiwi pie today"]}, {"cause": "red", "text": ["pear"], "strength": 3}], "kiwi pie today, pear", ACME, "delayed red"),
    ],
)  # fmt: skip
def test_the_most_specific_reason_wins(rules: list[Any], text: str, more: dict[str, Any], causes: str) -> None:
    """The causes stand in the order of what speaks for them."""
    assert told(knowing(*rules), text, **more).causes == tuple(causes.split())


KIWI = {"cause": "red", "text": ["kiwi pie"]}
PLUM = {"cause": "red", "provider": "acme", "text": ["plum jam"]}


@pytest.mark.parametrize(
    ("rules", "text", "more", "sure"),
    [
        ([{**KIWI, "strength": 3}], "kiwi pie", {}, "certain"),
        ([{**KIWI, "strength": 3, "verified": False}], "kiwi pie", {}, "likely"),
        ([KIWI], "kiwi pie", {}, "likely"),
        ([{**KIWI, "strength": 1}], "kiwi pie", {}, "guess"),
        ([{**PLUM, "strength": 1}], "plum jam", ACME, "certain"),
        ([{**PLUM, "verified": False}], "plum jam", ACME, "likely"),
        ([{**PLUM, "reply": ["550"]}], "550 plum jam", ACME, "certain"),
        ([{**PLUM, "reply": ["550"]}], "plum jam", ACME, "certain"),
        ([{**PLUM, "text": ["plum jam and tart"], "reply": ["550"]}], "552 plum jam and tart", ACME, "likely"),
        # Beside others: a code that agrees lifts, certain words that contradict lower.
        ([KIWI], "5.1.1 kiwi pie", {}, "certain"),
        ([KIWI], "5.2.2 kiwi pie", {}, "likely"),
        ([{**KIWI, "cause": "blue"}], "5.2.2 kiwi pie", {}, "certain"),
        ([KIWI, {"cause": "late", "text": ["pear"]}], "5.1.1 kiwi pie, pear", {}, "likely"),
        ([{**KIWI, "strength": 1}, {"cause": "red", "text": ["pear"], "strength": 1}], "kiwi pie, pear", {}, "likely"),
        ([{**KIWI, "strength": 1}, {"cause": "late", "text": ["pear"], "strength": 1}], "kiwi pie, pear", {}, "guess"),
        ([{**KIWI, "strength": 3}, {"cause": "late", "text": ["pear"], "strength": 3}], "kiwi pie, pear", {}, "likely"),
        ([{**KIWI, "strength": 3}, {"cause": "late", "text": ["pear"]}], "kiwi pie, pear", {}, "certain"),
        ([{**KIWI, "strength": 3}, {"cause": "red", "text": ["pear"], "strength": 3}], "kiwi pie, pear", {}, "certain"),
        ([{**PLUM, "marks": ["QX17"]}, {"cause": "late", "text": ["pear"], "strength": 3}], "QX17 pear", ACME, "certain"),
        ([{**KIWI, "cause": "unclear", "strength": 3}], "kiwi pie", {}, "likely"),
        ([{**KIWI, "cause": "unclear"}], "kiwi pie", {}, "likely"),
        ([{**KIWI, "cause": "unclear", "strength": 1}], "kiwi pie", {}, "guess"),
        # Codes alone.
        ([{"cause": "late", "provider": "acme", "status": ["5.9.9"]}], "5.9.9", ACME, "certain"),
        ([{"cause": "late", "provider": "acme", "status": ["5.9.9"], "verified": False}], "5.9.9", ACME, "likely"),
        ([{"cause": "late", "provider": "acme", "status": ["5.9.9"]}], "5.9.9", {}, "likely"),
        ([{"cause": "late", "provider": "acme", "status": ["5.9.9"], "verified": False}], "5.9.9", {}, "guess"),
        ([{"cause": "late", "provider": "acme", "status": ["5.9.9"]}, {"cause": "blue", "provider": "other", "status": ["5.9.9"]}], "5.9.9", {}, "guess"),
        ([{"cause": "late", "provider": "acme", "status": ["5.2.2"]}], "5.2.2", ACME, "likely"),
        ([{"cause": "late", "provider": "acme", "reply": ["550"]}], "550", ACME, "likely"),
        ([], "5.1.1", {}, "likely"),
        ([], "5.2.2", {}, "guess"),
        ([], "5.3.3", {}, "guess"),
        ([], "5.5.5", {}, "guess"),
        ([], "550", {}, "guess"),
        ([], "550 5.1.1", {}, "likely"),
        ([], "550 5.2.2 because", {}, "guess"),
        ([], "421 because", {}, "guess"),
        ([], "", {"own_cause": "red"}, "likely"),
        ([], "", {"action": "delayed"}, "likely"),
        ([], "see list.example", {}, "likely"),
        ([{"cause": "late", "text": [], "sense": ["box over"], "strength": 3}], "brimming case", {}, "likely"),
        ([{"cause": "late", "text": [], "sense": ["box over"], "strength": 1}], "brimming case", {}, "guess"),
    ],
)  # fmt: skip
def test_how_sure_a_reason_makes_us(rules: list[Any], text: str, more: dict[str, Any], sure: str) -> None:
    """Certain are unmistakable words and a provider's own; a bare code is at most likely unless it is the provider's."""
    assert told(knowing(*rules), text, **more).confidence == sure


@pytest.mark.parametrize(
    ("asked", "text", "fits"),
    [
        ({"reply": ["550"]}, "550 kiwi pie", True),
        ({"reply": ["550"]}, "551 kiwi pie", False),
        ({"reply": ["5xx"]}, "551 kiwi pie", True),
        ({"reply": ["5xx"]}, "451 kiwi pie", False),
        ({"reply": ["55x"]}, "551 kiwi pie", True),
        ({"reply": ["55x"]}, "541 kiwi pie", False),
        ({"reply": ["550"]}, "kiwi pie", None),
        ({"status": ["5.7.1"]}, "5.7.1 kiwi pie", True),
        ({"status": ["5.7.1"]}, "4.7.1 kiwi pie", False),
        ({"status": ["x.7.1"]}, "4.7.1 kiwi pie", True),
        ({"status": ["x.7.1"]}, "4.7.2 kiwi pie", False),
        ({"status": ["5.7.x"]}, "5.7.26 kiwi pie", True),
        ({"status": ["5.7.x"]}, "5.6.26 kiwi pie", False),
        ({"status": ["5.6.1", "5.7.1"]}, "5.7.1 kiwi pie", True),
        ({"status": ["5.7.1"]}, "550 kiwi pie", None),
        ({"reply": ["550"], "status": ["5.7.1"]}, "550 5.7.1 kiwi pie", True),
        ({"reply": ["550"], "status": ["5.7.1"]}, "550 5.7.2 kiwi pie", False),
        ({"reply": ["550"], "status": ["5.7.1"]}, "552 5.7.1 kiwi pie", False),
        ({"reply": ["550"], "status": ["5.7.1"]}, "550 kiwi pie", True),
        ({"reply": ["550"], "status": ["5.7.1"]}, "5.7.1 kiwi pie", True),
        ({}, "550 5.7.1 kiwi pie", None),
    ],
)  # fmt: skip
def test_codes_of_a_rule_are_asked_for(asked: dict[str, Any], text: str, fits: bool | None) -> None:
    """Codes that fit lift a rule above an equal one, others keep it out; where the text has none they count for nothing."""
    rules = [{"cause": "top", "text": ["pear tart"]}, {**KIWI, **asked}]
    causes = told(knowing(*rules, reply={}, enhanced={}), f"{text}, pear tart").causes
    assert causes == {True: ("red", "top"), False: ("top",), None: ("top", "red")}[fits]


@pytest.mark.parametrize(
    ("rules", "text", "more", "causes"),
    [
        # Words that a rule must not stand beside.
        ([{**KIWI, "unless": ["with cream"]}], "kiwi pie", {}, "red"),
        ([{**KIWI, "unless": ["with cream"]}], "kiwi pie with cream", {}, "unclear"),
        ([{"cause": "late", "text": ["pear"], "unless": ["with cream"]}, KIWI], "pear, kiwi pie with cream", {}, "red"),
        # A provider's words speak where it is recognized, or anywhere.
        ([PLUM], "plum jam", {}, "unclear"),
        ([PLUM], "plum jam", {"remote_mta": "mx.other.example"}, "unclear"),
        ([PLUM, KIWI], "plum jam, kiwi pie", {}, "red"),
        ([{**PLUM, "anywhere": True}], "plum jam", {}, "red"),
        ([PLUM], "acme says: plum jam", {}, "red"),
        # A general phrase within a longer one of another cause is none of its own; a provider's is.
        ([KIWI, {"cause": "blue", "text": ["fresh kiwi pie"]}], "fresh kiwi pie", {}, "blue"),
        ([KIWI, {"cause": "blue", "text": ["kiwi pie fresh"]}], "kiwi pie fresh", {}, "blue"),
        ([KIWI, {"cause": "top", "text": ["pie fresh"]}], "kiwi pie fresh", {}, "top red"),
        ([KIWI, {"cause": "top", "text": ["kiwi pie"]}], "a kiwi pie", {}, "top red"),
        ([KIWI, {"cause": "blue", "text": ["fresh kiwi pie"]}], "there is no fresh kiwi pie", {}, "blue"),
        ([KIWI, {"cause": "red", "text": ["fresh kiwi pie"], "strength": 1}], "fresh kiwi pie", {}, "red"),
        ([{"cause": "red", "text": ["kiwi"]}, {"cause": "blue", "text": ["kiwi pie"]}], "kiwi pie", {}, "blue"),
        ([{"cause": "top", "text": ["用户不存在"]}, {"cause": "blue", "text": ["kiwi pie"]}], "kiwi pie 用户不存在", {}, "top blue"),
        ([PLUM, {"cause": "blue", "text": ["fresh plum jam"]}], "fresh plum jam", ACME, "red blue"),
        ([KIWI, {"cause": "blue", "provider": "acme", "text": ["fresh kiwi pie"]}], "fresh kiwi pie", ACME, "blue"),
        ([KIWI, {"cause": "delayed", "text": ["fresh kiwi pie"]}], "fresh kiwi pie", {}, "delayed"),
        ([KIWI, {"cause": "delayed", "provider": "acme", "text": ["fresh kiwi pie"]}], "fresh kiwi pie", ACME, "delayed red"),
        ([{"cause": "red", "marks": ["QX17"]}, {"cause": "blue", "text": ["fresh QX17 pie"]}], "fresh QX17 pie", {}, "red blue"),
        # Codes: a provider's own meaning, the registry's, the reply code's.
        ([{"cause": "late", "provider": "acme", "status": ["5.9.9"]}], "5.9.9", ACME, "late"),
        ([{"cause": "late", "provider": "acme", "status": ["5.9.9"], "reply": ["550"]}], "552 5.9.9", ACME, "late"),
        ([{"cause": "late", "provider": "acme", "status": ["5.9.9"]}], "5.9.9", {"remote_mta": "mx.other.example"}, "late"),
        ([{"cause": "late", "provider": "acme", "status": ["5.9.9"]}, KIWI], "5.9.9 kiwi pie", {}, "late red"),
        ([{"cause": "late", "provider": "acme", "reply": ["552"]}], "552", ACME, "late"),
        ([{"cause": "late", "provider": "acme", "reply": ["552"]}], "552", {}, "unclear"),
        ([{"cause": "late", "provider": "acme", "reply": ["552"]}], "552 5.9.9", ACME, "late"),
        ([{"cause": "late", "provider": "acme", "status": ["5.2.2"]}], "5.2.2", ACME, "late blue"),
        ([{"cause": "late", "provider": "acme", "reply": ["552"]}, {"cause": "blue", "provider": "other", "status": ["5.9.9"]}], "552 5.9.9", ACME, "late"),
        ([{"cause": "late", "provider": "acme", "status": ["5.2.2"]}], "5.2.2", {}, "blue"),
        ([], "5.1.1", {}, "red"),
        ([], "4.4.4", {}, "blue"),
        ([], "5.4.4", {}, "red"),
        ([], "4.1.1", {}, "red"),
        ([], "5.3.3", {}, "unclear"),
        ([], "5.5.5", {}, "unclear"),
        ([], "550", {}, "red"),
        ([], "550 because of that", {}, "unclear"),
        ([], "421 because of that", {}, "blue"),
        ([], "451", {}, "unclear"),
        ([], "452", {}, "unclear"),
        ([], "550 5.2.2", {}, "blue red"),
        # What the report says of itself.
        ([], "421", {"own_cause": "late"}, "late blue"),
        ([], "5.1.1", {"own_cause": "late"}, "red late"),
        ([], "5.2.2", {"own_cause": "late"}, "late blue"),
        ([KIWI], "kiwi pie", {"own_cause": "late"}, "red late"),
        ([], "nothing", {"action": "delayed"}, "delayed"),
        ([], "nothing", {"action": "failed"}, "unclear"),
        ([KIWI], "kiwi pie", {"action": "delayed"}, "red"),
        ([{**KIWI, "cause": "unclear", "strength": 1}], "kiwi pie", {"action": "delayed"}, "delayed unclear"),
        # A block list that is named, where nothing says more.
        ([], "see list.example", {}, "sender-blocklisted"),
        ([KIWI], "kiwi pie, see list.example", {}, "red"),
        ([{**KIWI, "strength": 1}], "kiwi pie, see list.example", {}, "sender-blocklisted red"),
        ([], "5.1.1 see list.example", {}, "sender-blocklisted red"),
        # Words close together are asked where nothing surer speaks.
        ([{"cause": "late", "text": [], "sense": ["box over"]}, KIWI], "kiwi pie, brimming case", {}, "red"),
        ([{"cause": "late", "text": [], "sense": ["box over"]}, {**KIWI, "strength": 1}], "kiwi pie, brimming case", {}, "late red"),
        ([{"cause": "late", "text": [], "sense": ["box over"]}], "brimming case", {"own_cause": "red"}, "red"),
        ([{"cause": "late", "text": [], "sense": ["box over"]}, {**KIWI, "cause": "unclear", "strength": 3}], "kiwi pie, brimming case", {}, "unclear late"),
        ([{"cause": "late", "text": [], "sense": ["box over"]}, {"cause": "blue", "text": [], "sense": ["box room"]}], "a case of brimming space", {}, "late blue"),
        # Four causes at most, each once.
        ([{"cause": name, "text": [name]} for name in ("red", "blue", "late", "top", "own")], "red blue late top own", {}, "top red blue late"),
        ([{"cause": "red", "text": ["kiwi"]}, {"cause": "blue", "text": ["pear"]}, {"cause": "red", "text": ["plum"]}], "kiwi pear plum", {}, "red blue"),
    ],
)  # fmt: skip
def test_what_speaks_and_what_does_not(rules: list[Any], text: str, more: dict[str, Any], causes: str) -> None:
    """Every cause that something speaks for, the likeliest first; `unclear` where nothing does."""
    assert told(knowing(*rules), text, **more).causes == tuple(causes.split())


@pytest.mark.parametrize(
    ("rules", "text", "more", "permanence", "fate"),
    [
        # The reply code binds the sending server, then the enhanced code.
        ([], "451", {}, "temporary", "unknown"),
        ([], "550", {}, "permanent", "failed"),
        ([], "550 4.2.2", {}, "permanent", "failed"),
        ([], "4.2.2", {}, "temporary", "unknown"),
        ([], "550", {"own_permanence": "temporary"}, "temporary", "unknown"),
        ([KIWI], "550 kiwi pie", {"own_permanence": "temporary"}, "temporary", "unknown"),
        # A rule's own word counts where no code says it, for a full mailbox always.
        ([{**KIWI, "permanence": "temporary"}], "kiwi pie", {}, "temporary", "unknown"),
        ([{**KIWI, "permanence": "temporary"}], "550 kiwi pie", {}, "permanent", "failed"),
        ([{**KIWI, "cause": "mailbox-full", "permanence": "temporary"}], "550 kiwi pie", {}, "temporary", "unknown"),
        ([{**KIWI, "cause": "mailbox-full"}], "550 kiwi pie", {}, "permanent", "failed"),
        # Without one: the words, what the cause usually is, and what became of it.
        ([KIWI], "kiwi pie", {}, "permanent", "failed"),
        ([KIWI], "kiwi pie, TEMPORARILY", {}, "temporary", "unknown"),
        ([KIWI], "kiwi pie", {"action": "delayed"}, "temporary", "delayed"),
        ([KIWI], "kiwi pie", {"action": "failed"}, "permanent", "failed"),
        ([{**KIWI, "cause": "blue"}], "kiwi pie", {}, "temporary", "unknown"),
        ([{**KIWI, "cause": "blue"}], "kiwi pie", {"action": "failed"}, "temporary", "failed"),
        ([{**KIWI, "cause": "late"}], "kiwi pie", {}, None, "unknown"),
        ([{**KIWI, "cause": "late"}], "kiwi pie", {"action": "failed"}, "permanent", "failed"),
        ([{**KIWI, "cause": "mailbox-full"}], "kiwi pie", {"action": "failed"}, "permanent", "failed"),
        ([{**KIWI, "strength": 1}], "kiwi pie", {}, None, "unknown"),
        ([{**KIWI, "cause": "accepted", "permanence": "temporary"}], "550 kiwi pie", {}, None, "unknown"),
        ([KIWI], "550 kiwi pie", {"action": "relayed"}, "permanent", "delivered"),
        ([KIWI], "550 kiwi pie", {"action": "expanded"}, "permanent", "delivered"),
        ([KIWI], "550 kiwi pie", {"action": "delivered"}, "permanent", "delivered"),
        ([KIWI], "550 kiwi pie", {"action": "delayed"}, "permanent", "delayed"),
        ([KIWI], "450 kiwi pie", {"action": "failed"}, "temporary", "failed"),
        # Where nothing speaks.
        ([], "452 nothing", {}, "temporary", "unknown"),
        ([], "5.3.3 nothing", {}, "permanent", "failed"),
        ([], "552 4.3.3 nothing", {}, "permanent", "failed"),
        ([], "nothing", {"own_permanence": "permanent"}, "permanent", "failed"),
        ([], "nothing", {"action": "failed"}, "permanent", "failed"),
        ([], "nothing", {"action": "relayed"}, None, "delivered"),
        ([], "nothing", {}, None, "unknown"),
    ],
)  # fmt: skip
def test_how_long_it_lasts_and_what_became_of_it(
    rules: list[Any], text: str, more: dict[str, Any], permanence: str | None, fate: str
) -> None:
    """Permanent without a report means failed; a report's own word on the message always stands."""
    verdict = told(knowing(*rules), text, **more)
    assert (verdict.permanence, verdict.fate) == (permanence, fate)


OWN = {"cause": "own", "text": ["kiwi pie"]}
OURS = {"software": "postfix"}


@pytest.mark.parametrize(
    ("rule", "more", "who"),
    [
        (KIWI, {}, "sender"),
        ({**KIWI, "who": ["wait", "recipient"]}, {}, "wait recipient"),
        ({**KIWI, "detail": "red/dark"}, {}, "recipient-admin"),
        ({**KIWI, "detail": "red/light"}, {}, "sender"),
        (KIWI, OURS, "sender"),
        (OWN, {}, "sender"),
        (OWN, OURS, "recipient"),
        ({**OWN, "who": ["wait"]}, OURS, "recipient"),
        (OWN, {**OURS, "direction": "outgoing"}, "recipient"),
        (OWN, {**OURS, "direction": "incoming"}, "sender-admin"),
        (OWN, {**OURS, "direction": "incoming", "remote_mta": "mx.example.net"}, "sender-admin"),
        (OWN, {**OURS, "remote_mta": "mx.example.net"}, "sender"),
        *((OWN, {"software": name}, "recipient") for name in ("exim", "sendmail", "qmail", "opensmtpd")),
        *((OWN, {"software": name}, "sender-admin") for name in ("python", ".net", "outlook", "program")),
        (OWN, {"software": "exchange"}, "sender"),
        ({**OWN, "cause": "script"}, {"software": "python"}, "sender"),
        ({**OWN, "cause": "script"}, {"software": "exchange"}, "wait"),
        (OWN, {"remote_mta": "mx1.Example.ORG.", "recipient": "kim@mail.example.org"}, "recipient-admin"),
        (OWN, {"remote_mta": "mx1.example.net", "recipient": "kim@example.org"}, "sender"),
        (OWN, {"remote_mta": "org", "recipient": "kim@org"}, "sender"),
        (KIWI, {"remote_mta": "mx.example.org", "recipient": "kim@example.org"}, "sender"),
    ],
)  # fmt: skip
def test_who_moves_first(rule: dict[str, Any], more: dict[str, Any], who: str) -> None:
    """The owner of the server or program that spoke where it is one's own or the recipient's, else whom rule or cause name."""
    assert told(knowing(rule), "kiwi pie", **more).who == tuple(who.split())


@pytest.mark.parametrize(
    ("rules", "text", "more", "evidence", "detail", "entry"),
    [
        ([KIWI], "550 no: (Kiwi, pie)!", {}, "Kiwi, pie", None, "red/0"),
        ([{**KIWI, "detail": "red/dark"}], "kiwi pie", {}, "kiwi pie", "red/dark", "red/0"),
        ([{**KIWI, "detail": "blue/pale"}], "kiwi pie", {}, "kiwi pie", None, "red/0"),
        ([KIWI], "5.1.1 kiwi pie", {}, "kiwi pie", "red/dark", "red/0"),
        ([{"cause": "blue", "text": ["pear tart"]}, {"cause": "late", "text": ["plum"], "detail": "late/r"}, {"cause": "blue", "text": ["fig"], "strength": 1, "detail": "blue/pale"}], "pear tart, plum, fig", {}, "pear tart", "blue/pale", "blue/0"),
        ([{**KIWI, "cause": "blue", "detail": "blue/pale", "strength": 1}], "4.4.4 kiwi pie", {}, "4.4.4", "blue/pale", None),
        ([{**KIWI, "detail": "red/light"}], "5.1.1 kiwi pie", {}, "kiwi pie", "red/light", "red/0"),
        ([KIWI], "5.2.2 kiwi pie", {}, "kiwi pie", None, "red/0"),
        ([{"cause": "red", "marks": ["AUP#Q*"]}], "see AUP#Q77", {}, "AUP#Q", None, "red/0"),
        ([{"cause": "red", "marks": ["ZZ9", "QX17"]}], "see QX17", {}, "QX17", None, "red/0"),
        ([{"cause": "red", "marks": ["AUP#MX"]}], "see AUP#MX", {}, "AUP#MX", None, "red/0"),
        ([{"cause": "red", "marks": ["S-BOX", "S-BOT"]}], "see S-BOT", {}, "S-BOT", None, "red/0"),
        ([{"cause": "red", "marks": ["AS(123)"]}], "see AS 123", {}, "", None, "red/0"),
        ([], "5.1.1", {}, "5.1.1", "red/dark", None),
        ([], "4.4.4", {}, "4.4.4", None, None),
        ([], "421 because", {}, "421", None, None),
        ([], "550", {}, "550", None, None),
        ([], "see list.example", {}, "list", None, None),
        ([], "nothing", {"own_cause": "late"}, "", None, None),
        ([], "nothing", {"action": "delayed"}, "", None, None),
        ([{"cause": "late", "provider": "acme", "status": ["5.9.9"], "detail": "late/r"}], "5.9.9", ACME, "5.9.9", "late/r", "late/0"),
        ([{"cause": "late", "provider": "acme", "status": ["5.9.9"], "detail": "late/r"}], "5.9.9", {}, "5.9.9", "late/r", "late/0"),
        ([{"cause": "late", "provider": "acme", "reply": ["552"], "detail": "late/r"}], "552", ACME, "552", "late/r", "late/0"),
        ([{"cause": "late", "text": [], "sense": ["box over"], "detail": "late/r"}], "a brimming, big case", {}, "brimming, big case", "late/r", "late/0"),
    ],
)  # fmt: skip
def test_what_is_quoted_and_named(
    rules: list[Any], text: str, more: dict[str, Any], evidence: str, detail: str | None, entry: str | None
) -> None:
    """The words or the code that decided, as written; the finer cause, of the winner or of what agrees with it; the rule."""
    verdict = told(knowing(*rules), text, **more)
    assert (verdict.evidence, verdict.detail, verdict.entry) == (evidence, detail, entry)
    assert (verdict.rule.id if verdict.rule else None) == entry


@pytest.mark.parametrize(
    ("rules", "text", "more", "provider"),
    [
        ([], "nothing", ACME, "acme"),
        ([KIWI], "kiwi pie", ACME, "acme"),
        ([{**PLUM, "anywhere": True}], "plum jam", {}, "acme"),
        ([{**KIWI, "provider": "daemon", "anywhere": True}], "kiwi pie", {}, None),
        ([{**KIWI, "provider": "list", "anywhere": True}], "kiwi pie", {}, "list"),
        ([KIWI], "kiwi pie, see list.example", {}, "list"),
        ([KIWI], "kiwi pie, see list.example", ACME, "acme"),
        ([{"cause": "late", "provider": "acme", "status": ["5.9.9"]}, {**KIWI, "strength": 3}], "5.9.9 kiwi pie", {}, "acme"),
        ([{"cause": "late", "provider": "acme", "status": ["5.9.9"]}, {"cause": "late", "provider": "other", "status": ["5.9.9"]}, KIWI], "5.9.9 kiwi pie", {}, None),
        ([{"cause": "late", "provider": "acme", "status": ["5.1.1"]}], "5.1.1", {}, None),
        ([{"cause": "late", "provider": "acme", "status": ["5.9.9"]}, {**KIWI, "provider": "list", "anywhere": True}], "5.9.9 kiwi pie", {}, "acme"),
        ([{"cause": "late", "provider": "acme", "status": ["5.9.9"], "verified": False}, {"cause": "late", "provider": "acme2", "status": ["5.9.9"]}], "5.9.9", {}, "acme2"),
        ([KIWI], "kiwi pie", {}, None),
    ],
)  # fmt: skip
def test_whose_server_spoke(rules: list[Any], text: str, more: dict[str, Any], provider: str | None) -> None:
    """The provider that is recognized, whose rule won, that alone uses the number, or the list that is named."""
    verdict = told(knowing(*rules), text, **more)
    assert (verdict.provider_id, verdict.provider) == (provider, provider and f"{provider.removesuffix('2')}-family")


@pytest.mark.parametrize(
    ("rules", "text", "context", "told_of"),
    [
        ([KIWI], "nothing", "Kiwi, pie", ("red", "likely", "Kiwi, pie", None)),
        ([{**KIWI, "strength": 3}], "nothing", "kiwi pie", ("red", "likely", "kiwi pie", None)),
        ([{**KIWI, "strength": 1}], "nothing", "kiwi pie", ("red", "guess", "kiwi pie", None)),
        ([{**KIWI, "strength": 1}, {"cause": "late", "text": ["pear"], "strength": 3}], "kiwi pie", "pear", ("late", "likely", "pear", None)),
        ([KIWI, {"cause": "late", "text": ["pear"], "strength": 3}], "kiwi pie", "pear", ("red", "likely", "kiwi pie", None)),
        ([{"cause": "late", "text": ["pear"]}], "5.1.1", "pear", ("red", "likely", "5.1.1", None)),
        ([{"cause": "late", "text": ["pear"], "strength": 3}], "5.1.1", "pear", ("late", "likely", "pear", None)),
        ([{"cause": "late", "text": ["pear"]}], "5.2.2", "pear", ("late", "likely", "pear", None)),
        ([{"cause": "delayed", "text": ["kiwi pie today"], "strength": 3}], "5.2.2", "kiwi pie today", ("blue", "guess", "5.2.2", None)),
        ([{**KIWI, "reply": ["550"]}], "550 nothing", "kiwi pie", ("red", "likely", "kiwi pie", None)),
        ([{**KIWI, "reply": ["550"]}], "552 nothing", "kiwi pie", ("unclear", "guess", "", None)),
        ([PLUM], "nothing", "acme says plum jam", ("red", "likely", "plum jam", "acme")),
        ([{**PLUM, "anywhere": True}], "nothing", "plum jam", ("red", "likely", "plum jam", "acme")),
        ([PLUM], "plum jam", "acme says", ("unclear", "guess", "", "acme")),
        ([KIWI], "kiwi pie", "acme says", ("red", "likely", "kiwi pie", "acme")),
        ([{"cause": "red", "text": ["收件人"]}], "nothing", "收件人", ("red", "likely", "收件人", None)),
        ([KIWI], "nothing", "", ("unclear", "guess", "", None)),
    ],
)  # fmt: skip
def test_words_around_the_diagnostic_help_out(
    rules: list[Any], text: str, context: str, told_of: tuple[Any, ...]
) -> None:
    """Where the diagnostic gives a guess at most they decide, never surely; and they tell who spoke where it does not."""
    verdict = told(knowing(*rules), text, context=context)
    assert (verdict.cause, verdict.confidence, verdict.evidence, verdict.provider_id) == told_of


def test_words_around_are_read_also_where_who_spoke_is_known() -> None:
    """A guess by the diagnostic asks for more."""
    guessed = [{**KIWI, "strength": 1}, {"cause": "late", "text": ["pear"]}]
    assert told(knowing(*guessed), "kiwi pie", context="pear", **ACME).cause == "late"


def test_context_names_nobody_else_than_the_diagnostic() -> None:
    """Who spoke by the text itself stays."""
    verdict = told(knowing(KIWI), "nothing", remote_mta="mx.other.example", context="acme says kiwi pie")
    assert (verdict.cause, verdict.provider_id) == ("red", "other")


def test_what_is_set_aside_reads_as_text() -> None:
    """Rules by their names, codes by themselves, a report's own type in words; five at most."""
    rules = [KIWI, *({"cause": "late", "text": [word]} for word in ("pear", "plum", "fig", "lime"))]
    verdict = told(knowing(*rules), "421 5.2.2 kiwi pie", own_cause="late")
    assert [str(hit) for hit in verdict.set_aside] == ["late (the source's own type)", "blue (code 5.2.2)", "blue (code 421)"]  # fmt: skip
    verdict = told(knowing(*rules), "421 5.2.2 kiwi pie, pear, plum, fig, lime", own_cause="late")
    assert [str(hit) for hit in verdict.set_aside] == [*(f"late (late/{place})" for place in (1, 2, 3, 4)), "late (the source's own type)"]  # fmt: skip

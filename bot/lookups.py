"""Answers about bare codes, comparisons and numbers that are no codes: the registries' words, and each provider's own meaning."""

import re

from bot.answering import IANA, RFC5321, compose, fate_words
from bot.codes import PERMANENCE, subject_pattern
from bot.deciding import decide
from bot.knowledge import Knowledge, kept
from bot.model import Answer, Failure, Permanence, Rule, Source, Verdict
from bot.suggestions import private_codes

MAX_VARIANTS = 3

Code = tuple[str | None, str | None]


def is_known(code: Code, knowledge: Knowledge) -> bool:
    """Whether a bare code can be answered: a reply code or class, a registered enhanced code, a provider's private one."""
    reply, status = code
    if status:
        if "X" in status[1:]:
            return True
        return knowledge.find_enhanced(status) is not None or status in knowledge.status_rules
    return reply is not None and (reply in knowledge.replies or "x" in reply)


def _verdict(
    cause: str,
    causes: tuple[str, ...],
    permanence: Permanence,
    entry: str,
    who: tuple[str, ...],
    detail: str | None = None,
) -> Verdict:
    return Verdict(cause, causes, detail, "guess", permanence, "unknown", None, None, entry, who, "")


def code_answer(code: Code, knowledge: Knowledge, provider: str | None = None) -> Answer | None:
    """The answer about one code, a provider's own meaning first where one is named; None where it is unknown."""
    reply, status = code
    if status and "X" not in status[1:]:
        own = _provider_answer(code, knowledge, provider)
        if own:
            return own
        answer = _status_answer(code, knowledge)
        if answer or reply is None:
            return answer
    elif status:
        return _class_answer(status, knowledge)
    if reply and "x" in reply:
        return _class_answer(reply, knowledge)
    if provider and reply:
        own = _provider_answer(code, knowledge, provider)
        if own:
            return own
    return _reply_answer(reply, knowledge) if reply else None


def _provider_answer(code: Code, knowledge: Knowledge, provider: str | None) -> Answer | None:
    """What one provider means by a code: the named one, or the only ones where the registry has no such number."""
    reply, status = code
    numbers = knowledge.status_rules.get(status or "", [])
    if provider:
        family = knowledge.providers[provider]["family"]
        numbers = [n for n in numbers if knowledge.providers[knowledge.rules[n].provider or ""]["family"] == family]
        if reply:
            numbers = [
                n
                for n in numbers
                if not (known := knowledge.rules[n].reply) or reply in known or f"{reply[0]}xx" in known
            ] or numbers
    elif status is None or knowledge.find_enhanced(status) is not None:
        return None
    numbers = sorted(numbers, key=lambda n: (not knowledge.rules[n].verified, knowledge.rules[n].worded))
    if not numbers:
        return None
    if provider and status and knowledge.find_enhanced(status) and _by_words(numbers, knowledge):
        return _many_meanings(code, numbers, knowledge)
    rule = knowledge.rules[numbers[0]]
    permanence = rule.permanence or PERMANENCE.get((reply or status or "0")[0])
    home = knowledge.providers[rule.provider or ""]
    causes = tuple(dict.fromkeys(knowledge.rules[n].cause for n in numbers))
    verdict = _rule_verdict(rule, causes, permanence, knowledge)
    answer = compose(Failure(reply_code=reply, enhanced_code=status), verdict, knowledge)
    others = []
    for number in numbers[1 : 1 + MAX_VARIANTS]:
        other = knowledge.rules[number]
        words = knowledge.words["entries"].get(other.id) or {}
        if other.cause != rule.cause or other.detail != rule.detail or other.provider != rule.provider:
            others.append(
                f"{knowledge.providers[other.provider or '']['name']}: {first_sentence(words.get('happened', ''))}"
            )
    lead = f"{home['name']}: " if home["name"].split()[0].lower() not in answer.happened.lower() else ""
    return _changed(
        answer,
        happened=lead + answer.happened,
        mind=(*answer.mind[:1], *[_plain(text, knowledge) for text in others[:2]]),
        why="",
    )


def _by_words(numbers: list[int], knowledge: Knowledge) -> bool:
    """Whether a provider uses a code for so much that only the words after it tell what is meant."""
    rules = [knowledge.rules[number] for number in numbers]
    return len({rule.cause for rule in rules}) >= MAX_VARIANTS and all(rule.worded for rule in rules)


def _many_meanings(code: Code, numbers: list[int], knowledge: Knowledge) -> Answer | None:
    """What the code means in general, and the meanings that one provider gives it."""
    answer = _status_answer(code, knowledge)
    if answer is None:
        return None
    meanings: dict[str, str] = {}
    for rule in (knowledge.rules[number] for number in numbers):
        words = knowledge.words["entries"].get(rule.id) or {}
        meanings.setdefault(rule.cause, first_sentence(words.get("happened", "")))
    name = knowledge.providers[knowledge.rules[numbers[0]].provider or ""]["name"]
    told = [f"{name}: {_plain(text, knowledge)}" for text in list(meanings.values())[:MAX_VARIANTS] if text]
    lead = knowledge.ui["many_meanings"].replace("{provider}", name).replace("{code}", code[1] or "")
    return _changed(answer, happened=f"{answer.happened} {lead}", mind=(*told, *answer.mind[:1]))


def _status_answer(code: Code, knowledge: Knowledge) -> Answer | None:
    reply, status = code
    row = knowledge.find_enhanced(status)
    if row is None or status is None:
        return None
    ui = knowledge.ui
    words = knowledge.words["enhanced"].get(subject_pattern(status)) or {}
    general = status[0] == "X"
    cause = str(row.get("cause_4") if status[0] == "4" and row.get("cause_4") else row["cause"])
    causes = tuple(dict.fromkeys([cause, *(row.get("causes") or [])]))
    permanence: Permanence = PERMANENCE.get(status[0]) if not general else None
    if reply:
        permanence = PERMANENCE.get(reply[0], permanence)
    who = tuple(row.get("who") or knowledge.who_acts(cause, None))
    if status[0] == "4" and cause not in ("mailbox-full",) and who[:1] != ("wait",):
        who = ("wait", *who)[:2]
    failure = Failure(reply_code=reply, enhanced_code=status if not general else None)
    base = compose(
        failure,
        _verdict(cause, causes, permanence, f"enhanced/{subject_pattern(status)}", who, row.get("detail")),
        knowledge,
    )
    shown = " ".join(part for part in (reply, status) if part)
    head = f"{shown}: {words.get('name', row['registered_name'])}"
    if permanence:
        head += " · " + ui["permanence"][permanence]
    elif status[0] == "2":
        head += " · " + ui["permanence"]["done"]
    happened = " ".join(part for part in (words.get("meaning"), words.get("wild")) if part)
    mind = [
        words[key] for key in ("temporary", "collision") if words.get(key) and (key != "temporary" or status[0] in "4X")
    ]
    if reply and reply[0] != status[0] and status[0] in "45":
        mind = [*base.mind[:1], *mind]
    steps = () if status[0] == "2" else base.steps[:2]
    decides, vague = row.get("weight") == "decides", row.get("weight") == "nothing"
    move = "" if status[0] == "2" else ui["who"].get(who[0] if who else "", "") if vague else base.move
    if status[0] in "45" and not decides:
        steps = (ui["ask_words"].replace("{code}", shown), *steps[: 0 if vague else 1])
    fate = _plain(fate_words(failure, base.verdict, ui, knowledge, decides), knowledge) if status[0] in "45" else ""
    return _changed(
        base, headline=head, happened=_plain(happened, knowledge), mind=tuple(_plain(text, knowledge) for text in mind[:3]), steps=steps,
        why="", fate=fate, move=move,
        sources=(Source(row.get("source", IANA), row.get("checked")),),
    )  # fmt: skip


def _reply_answer(reply: str, knowledge: Knowledge) -> Answer | None:
    facts = knowledge.replies.get(reply)
    if not facts:
        return None
    ui = knowledge.ui
    words = knowledge.words["reply"].get(reply) or {}
    kind = facts["permanence"]
    permanence: Permanence = kind if kind in ("temporary", "permanent") else None
    causes = tuple(dict.fromkeys(item["cause"] for item in facts.get("causes") or [])) or (
        "accepted" if kind == "done" else "unclear",
    )
    who = tuple(facts.get("who") or ())[:2]
    failure = Failure(reply_code=reply)
    verdict = _verdict(causes[0], causes, permanence, f"reply/{reply}", who)
    roles = ui["roles"]
    move = ""
    if who:
        move = ui["who"][who[0]]
        if len(who) > 1:
            move = move.rstrip(".") + f", then {roles[who[1]]}." if who[1] != "wait" else move
    mind = (words["article"],) if words.get("article") else ()
    return Answer(
        failure,
        verdict,
        headline=f"{reply}: {words.get('name', '')} · {ui['permanence'][kind]}",
        happened=_plain(" ".join(part for part in (words.get("standard"), words.get("wild")) if part), knowledge),
        move=_plain(move, knowledge),
        fate=_plain(fate_words(failure, verdict, ui, knowledge), knowledge) if permanence == "temporary" else "",
        steps=(_plain(words["ask"], knowledge),) if words.get("ask") else (),
        mind=tuple(_plain(text, knowledge) for text in mind),
        sources=(Source(facts.get("source", RFC5321), facts.get("checked")),),
    )


def _class_answer(code: str, knowledge: Knowledge) -> Answer | None:
    """The answer about `5xx`, `55x`, `4.X.X`, `X.7.X`: what the digits say."""
    words = knowledge.words["reply"]
    status = "." in code
    first = code[0]
    parts = []
    if status:
        table = knowledge.words["enhanced"]
        subject = code.split(".")[1]
        for key in (f"class-{first}", f"subject-{subject}"):
            row = table.get(key)
            if row:
                parts.append((row["name"], row["meaning"]))
    else:
        for key in (f"first-{first}", f"second-{code[1]}"):
            row = words.get(key)
            if row:
                parts.append((row["name"], row["standard"]))
    if not parts:
        return None
    permanence: Permanence = PERMANENCE.get(first)
    who = {"4": ("wait",), "5": ("sender",)}.get(first, ())
    verdict = _verdict("unclear", ("unclear",), permanence, f"class/{code}", who)
    base = compose(Failure(), verdict, knowledge)
    shown = knowledge.ui["permanence"].get(permanence or "")
    return _changed(
        base, headline=f"{code}: {parts[0][0]}" + (f" · {shown}" if shown and shown not in parts[0][0].lower() else ""),
        happened=_plain(" ".join(text for _, text in parts), knowledge), move=knowledge.ui["who"].get(who[0], "") if who else "",
        steps=base.steps[:1], why="", fate="", mind=(), sources=(Source(IANA if status else RFC5321, None),),
    )  # fmt: skip


def near_codes(number: str, knowledge: Knowledge) -> list[str]:
    """Known codes that look like an unknown one: same first two digits, or one digit apart."""
    if "." in number:
        head = number.rsplit(".", 1)[0][1:]
        return [f"{number[0]}{code[1:]}" for code in knowledge.enhanced if code[1:].rsplit(".", 1)[0] == head][-3:]
    if len(number) != 3:
        return []
    known = list(knowledge.replies)
    near = [code for code in known if code[:2] == number[:2] or (code[0] == number[0] and code[2] == number[2])]
    return sorted(near, key=lambda code: (abs(int(code) - int(number)), code))[:4]


def unknown_words(number: str, knowledge: Knowledge) -> str:
    """What is known of a number that is no code: its range, near codes; nothing invented."""
    none = knowledge.ui["none"]
    parts = number.split(".")
    if len(parts) == 3 and parts[0] in "245" and all(part.isdigit() for part in parts):
        table = knowledge.words["enhanced"]
        known = [table[key]["meaning"] for key in (f"class-{parts[0]}", f"subject-{parts[1]}") if key in table]
        text = (
            none["status"]
            .replace("{number}", number)
            .replace("{class_words}", first_sentence(known[0]) if known else "")
        )
    else:
        text = none["number"].replace("{number}", number)
        digit = number[:1]
        row = (
            knowledge.words["reply"].get(f"first-{digit}")
            if len(number) == 3 and number.isdigit() and digit in "245"
            else None
        )
        if row:
            text = f"{number} is in no standard and in none of my tables. {row['standard']} {none['words']}"
    near = near_codes(number, knowledge)
    return _plain(text + (" " + none["near"].replace("{codes}", ", ".join(near)) if near else ""), knowledge)


def topic_failure(text: str, recipient: str | None = None) -> Failure:
    """A symptom told in words, as a failure that has no codes."""
    own = "program" if _SUBMISSION.search(text) else None
    return Failure(diagnostic=_UNIT.sub(r"\1 \2", text), recipient=recipient, software=own)


def topic_verdict(failure: Failure, knowledge: Knowledge) -> Verdict:
    """The verdict on a symptom; a block list named without its zone ("we are on spamhaus") counts as a listing."""
    verdict = decide(failure, knowledge)
    listed = verdict.cause == "sender-blocklisted" and not (verdict.rule and verdict.rule.provider)
    if not listed and not is_vague(verdict):
        return verdict
    text = failure.diagnostic
    named = next((found for found in _NAME.finditer(text) if _lists(knowledge).get(found[0].lower())), None)
    if named is None:
        return verdict
    zone = _lists(knowledge)[named[0].lower()]
    told = decide(failure._replace(diagnostic=text[: named.start()] + zone + text[named.end() :]), knowledge)
    return told._replace(evidence=named[0]) if told.cause == "sender-blocklisted" else verdict


def is_vague(verdict: Verdict) -> bool:
    """Whether a verdict on a symptom rests on nothing, or only on words that may mean many things."""
    rule = verdict.rule
    return rule is None or verdict.cause == "unclear" or (rule.strength <= 1 and not rule.provider)


def is_listing(verdict: Verdict) -> bool:
    """Whether a verdict stands on the name of a block list alone."""
    return verdict.rule is None and verdict.cause == "sender-blocklisted" and verdict.provider_id is not None


_NAME = re.compile(r"[^\W_][\w-]{2,30}")
# A program's way out: nobody names it who speaks of another server's refusal.
_SUBMISSION = re.compile(r"\b(?:465|587|smtp[ -](?:host|server)|outgoing (?:mail ?|smtp )?server)\b", re.I)
_UNIT = re.compile(r"\b(\d{1,4})([kmg]i?b)\b", re.I)  # `30mb` is no word, `30 mb` are two


@kept
def _lists(knowledge: Knowledge) -> dict[str, str]:
    """One-word name of a block list, lower case -> the zone of that name."""
    made: dict[str, str] = {}
    for provider in knowledge.providers.values():
        if provider["kind"] == "blocklist":
            for name in (provider["id"], provider["family"], provider["name"], *provider.get("names", ())):
                word = name.lower()
                zone = next((zone for zone in provider["recognise"].get("zones", ()) if word in zone), None)
                if zone and _NAME.fullmatch(word):
                    made.setdefault(word, zone)
    return made


def private_answer(code: str, knowledge: Knowledge, provider: str | None = None) -> Answer:
    """The answer about a provider's own code (see `suggestions.find_private`), the named provider's meaning first."""
    numbers = private_codes(knowledge)[code.lower()]
    if provider:
        family = knowledge.providers[provider]["family"]
        own = [n for n in numbers if knowledge.providers[knowledge.rules[n].provider or ""]["family"] == family]
        numbers = tuple(own) or numbers
    rule = knowledge.rules[numbers[0]]
    causes = tuple(dict.fromkeys(knowledge.rules[n].cause for n in numbers))
    verdict = _rule_verdict(rule, causes, _usual_permanence(rule, knowledge), knowledge)
    return compose(Failure(diagnostic=code), verdict._replace(evidence=code), knowledge)


def _usual_permanence(rule: Rule, knowledge: Knowledge) -> Permanence:
    """What the codes that stand beside a private one say; where they say nothing, what its cause is as a rule."""
    classes = {PERMANENCE.get(code[0]) for code in (*rule.reply, *rule.status)}
    usual: Permanence = classes.pop() if len(classes) == 1 else knowledge.causes[rule.cause].get("permanence")
    return rule.permanence or usual


def _rule_verdict(rule: Rule, causes: tuple[str, ...], permanence: Permanence, knowledge: Knowledge) -> Verdict:
    home = knowledge.providers[rule.provider or ""]
    return Verdict(
        rule.cause, causes, rule.detail, "likely", permanence, "unknown", home["family"], rule.provider, rule.id,
        rule.who or knowledge.who_acts(rule.cause, rule.detail), "", rule,
    )  # fmt: skip


def first_sentence(text: str) -> str:
    """The text up to its first full stop."""
    return text.split(". ")[0].rstrip(".") + "." if text else ""


def _plain(text: str, knowledge: Knowledge) -> str:
    """A sentence of a code table with its placeholders as plain words."""
    if "{" not in text:
        return text
    from bot.wording import Values

    empty = Failure()
    return Values(empty, _verdict("unclear", (), None, "", ()), knowledge.ui, None).fill(text)


def _changed(answer: Answer, **changes: object) -> Answer:
    return answer._replace(**changes)  # type: ignore[arg-type]

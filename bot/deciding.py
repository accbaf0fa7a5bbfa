"""Failure + Knowledge -> Verdict: every rule that speaks is collected, the most specific wins, the rest is set aside.

Weights, most specific first. They are far enough apart that words and ranks decide only within one level:
a provider's private mark; a provider's own words; unmistakable words of any server; a provider's meaning of a private
code; common words; what a provider means by a registered code; an enhanced code that names the cause; words that mean
it together; a code that hints at it; words used for everything; the reply code.
"""

import re
from typing import NamedTuple

from bot.codes import permanence_of
from bot.knowledge import Knowledge, kept
from bot.matching import Words, tokens
from bot.model import Confidence, Failure, Fate, Permanence, Rule, Verdict
from bot.recognising import Speaker, recognise

MAX_DIAGNOSTIC = 4_000  # characters of one diagnostic that are matched
MAX_EVIDENCE = 140

MARK, OWN_WORDS, CERTAIN, PRIVATE_CODE, LIKELY, OWN_CODE, DECIDES, SENSE, HINTS, WEAK, REPLY = (
    900, 750, 620, 740, 500, 430, 400, 340, 300, 250, 100,
)  # fmt: skip
_FOR_NOW = re.compile(
    r"temporar|vor(?:ü|ue)bergehend|temporane|tempor[aá]l?mente|tijdelijk|tymczasow|временно|gecici|geçici|一時的|暂时"
)
PROGRAM = CERTAIN + 30  # words of a program anybody may run
_LEVEL = {3: CERTAIN, 2: LIKELY, 1: WEAK}
_AGREES = 45
_MISMATCH = 120  # taken off when the words fit but the code is another
# Not reasons of their own: what made the message wait or expire counts more.
_FOLLOWS = {"delivery-expired": 130, "delayed": 130, "accepted": 60, "unclear": 80}
_SLACK_WORDS = 4  # a phrase this long speaks even beside another code


class Hit:
    """One thing that speaks for a cause; as text: the cause and what speaks for it."""

    __slots__ = ("cause", "confidence", "detail", "evidence", "rule", "score", "span")

    def __init__(
        self,
        score: float,
        cause: str,
        rule: Rule | None,
        confidence: Confidence,
        span: tuple[int, int, int] | None,
        evidence: str,
        detail: str | None,
    ) -> None:
        self.score, self.cause, self.rule, self.confidence = score, cause, rule, confidence
        self.span, self.evidence, self.detail = span, evidence, detail

    def __str__(self) -> str:
        name = self.rule.id if self.rule else f"code {self.evidence}" if self.evidence else "the source's own type"
        return f"{self.cause} ({name})"


def _fits(rule: Rule, failure: Failure) -> bool | None:
    """Whether the codes fit the rule's; None where the text has no code to compare."""
    known = None
    if rule.reply:
        code = failure.reply_code
        if code:
            known = code in rule.reply or f"{code[0]}xx" in rule.reply or f"{code[:2]}x" in rule.reply
            if not known:
                return False
    if rule.status:
        code = failure.enhanced_code
        if code:
            return any(_status_fits(pattern, code) for pattern in rule.status)
    return known


def _status_fits(pattern: str, code: str) -> bool:
    if pattern == code:
        return True
    return "x" in pattern and all(a in ("x", b) for a, b in zip(pattern.split("."), code.split("."), strict=True))


class _Weight(NamedTuple):
    """What a rule counts where its words or marks were found."""

    rule: Rule
    speaker: str | None  # the provider that must have spoken; None where anybody may
    worded: float
    marked: float
    coded: bool
    sure: Confidence
    unsure: Confidence  # where its codes are others than those of the text


@kept
def _weights(knowledge: Knowledge) -> list[_Weight]:
    return [_weigh(rule, knowledge) for rule in knowledge.rules]


def _weigh(rule: Rule, knowledge: Knowledge) -> _Weight:
    provider = rule.provider
    if provider and knowledge.kinds[provider] != "mta":
        worded: float = OWN_WORDS
        marked: float = MARK
    else:
        level = _LEVEL[rule.strength] + rule.rank * 0.2 if provider is None else PROGRAM
        worded = level - _FOLLOWS.get(rule.cause, 0)
        marked = worded + 60
    unsure: Confidence = "guess" if rule.strength == 1 and not provider else "likely"
    certain = (provider or rule.strength == 3) and rule.verified
    speaker = provider if provider and not rule.anywhere else None
    return _Weight(rule, speaker, worded, marked, bool(rule.reply or rule.status), "certain" if certain else unsure, unsure)  # fmt: skip


def _word_hits(
    failure: Failure, knowledge: Knowledge, spans: dict[int, tuple[int, int, int]], marks: set[int], speaker: Speaker
) -> list[Hit]:
    hits = []
    weights, base, recognised = _weights(knowledge), len(knowledge.rules), speaker.recognised
    for number in {*spans, *marks} if marks else spans:
        if not 0 <= number < base or (-1 - number) in spans:
            continue
        rule, provider, score, as_mark, coded, sure, unsure = weights[number]
        if provider is not None and provider not in recognised:
            continue
        span = spans.get(number)
        marked = number in marks
        matched = span[2] if span else 2
        fits = _fits(rule, failure) if coded else None
        if fits is False and not marked and matched < _SLACK_WORDS:
            continue
        if marked:
            score = as_mark
        score += 9 * (matched if matched < 10 else 10)
        if fits is not None:
            score += 25 if fits else -_MISMATCH
        hits.append(Hit(score, rule.cause, rule, unsure if fits is False else sure, span, "", rule.detail))
    return hits


def _outermost(hits: list[Hit]) -> list[Hit]:
    """The hits without general phrases that are only a part of a longer one (`timeout exceeded` in `retry timeout exceeded`)."""
    if len(hits) < 2 or len({hit.cause for hit in hits}) < 2:
        return hits
    spans = [
        (hit.span, hit.cause)
        for hit in hits
        if hit.span and not (hit.cause in _FOLLOWS and hit.rule and hit.rule.provider)
    ]
    return [
        hit
        for hit in hits
        if not hit.span
        or hit.span[1] == 0  # no place among the words: Chinese and Japanese
        or (hit.rule and hit.rule.provider)
        or not any(
            cause != hit.cause and a <= hit.span[0] and hit.span[1] <= b and (b - a) > (hit.span[1] - hit.span[0])
            for (a, b, _), cause in spans
        )
    ]


def _sense_hits(words: list[bytes], knowledge: Knowledge) -> list[Hit]:
    """What the words mean together; of one cause the sense that takes most sets."""
    best: dict[str, Hit] = {}
    for sensed in knowledge.senses.find(words):
        rule = knowledge.rules[sensed.number]
        weak = rule.strength == 1
        score = (WEAK - 40 if weak else SENSE) + 12 * sensed.sets + rule.rank * 0.1 - (sensed.end - sensed.start) * 0.5
        if rule.cause not in best or best[rule.cause].score < score:
            span = (sensed.start, sensed.end, sensed.sets)
            best[rule.cause] = Hit(score, rule.cause, rule, "guess" if weak else "likely", span, "", rule.detail)
    return list(best.values())


def _code_hits(failure: Failure, knowledge: Knowledge, speaker: Speaker, worded: bool) -> list[Hit]:
    hits = []
    status, reply = failure.enhanced_code, failure.reply_code
    row = knowledge.find_enhanced(status)
    for code in (status, reply):
        for number in knowledge.code_rules.get(code or "", ()):
            rule = knowledge.rules[number]
            if rule.provider in speaker.recognised and _fits(rule, failure):
                private = code == status and row is None
                hits.append(Hit(PRIVATE_CODE if private else OWN_CODE, rule.cause, rule, "certain" if private and rule.verified else "likely", None, code or "", rule.detail))  # fmt: skip
    if status and row:
        cause = row.get("cause_4") if status[0] == "4" and row.get("cause_4") else row.get("cause")
        weight = row.get("weight")
        if cause and weight in ("decides", "hints"):
            hits.append(Hit(DECIDES if weight == "decides" else HINTS, cause, None, "likely" if weight == "decides" else "guess", None, status, row.get("detail") if cause == row.get("cause") else None))  # fmt: skip
    elif status and row is None and not hits:
        sole = next((n for n in knowledge.code_rules.get(status, ()) if knowledge.rules[n].verified), None)
        if sole is not None and _owner_of(status, knowledge):  # only one provider uses this number
            rule = knowledge.rules[sole]
            hits.append(Hit(PRIVATE_CODE, rule.cause, rule, "likely", None, status, rule.detail))
    facts = knowledge.replies.get(reply or "")
    if facts:
        alone = facts.get("alone")
        if alone:
            hits.append(Hit(REPLY + 20, alone, None, "guess", None, reply or "", None))
        elif not worded and facts.get("causes"):
            hits.append(Hit(REPLY, facts["causes"][0]["cause"], None, "guess", None, reply or "", None))
    return hits


def _lift_agreeing(hits: list[Hit]) -> None:
    """Of equally strong words those count more that name the same cause as an enhanced code that decides."""
    if len(hits) < 2:
        return
    coded = next((hit.cause for hit in hits if hit.rule is None and hit.score == DECIDES), None)
    if coded is None:
        return
    for hit in hits:
        if hit.cause == coded and hit.rule and hit.rule.worded:
            hit.score += _AGREES


def _fate(failure: Failure, permanence: Permanence) -> Fate:
    if failure.action in ("delivered", "relayed", "expanded"):
        return "delivered"
    if failure.action in ("failed", "delayed"):
        return "failed" if failure.action == "failed" else "delayed"
    return "failed" if permanence == "permanent" else "unknown"


def _permanence(failure: Failure, rule: Rule | None, cause: str, knowledge: Knowledge, sure: Confidence) -> Permanence:
    """By words and provider where they say it, else by code: the reply code binds the sending server (RFC 5321 section 4.2.1)."""
    if cause == "accepted":
        return None
    by_code = permanence_of(failure.reply_code) or permanence_of(failure.enhanced_code)
    if rule and rule.permanence and (by_code is None or cause == "mailbox-full"):
        return rule.permanence
    if by_code or failure.own_permanence:
        return failure.own_permanence or by_code
    if failure.action == "delayed" or _FOR_NOW.search(failure.diagnostic[:MAX_DIAGNOSTIC].lower()):
        return "temporary"
    usual: Permanence = knowledge.causes[cause].get("permanence")
    if failure.action == "failed" and (usual is None or cause == "mailbox-full"):
        return "permanent"  # given up, and nothing says that waiting helps
    return None if sure == "guess" else usual


def _with_context(
    failure: Failure, knowledge: Knowledge, text: Words, numbers: list[int], hits: list[Hit], speaker: Speaker
) -> tuple[list[Hit], Speaker]:
    """The hits and the speaker with what the words around the diagnostic add, which count less than its own."""
    context = Words(failure.context[:MAX_DIAGNOSTIC])
    around = knowledge.phrases.find(context.words, failure.context[:MAX_DIAGNOSTIC])
    if speaker.provider is None:
        speaker = recognise(failure, knowledge, text, [*numbers, *(n for n in around if n >= len(knowledge.rules))])
    if all(hit.confidence == "guess" for hit in hits):
        for hit in _word_hits(failure, knowledge, around, set(), speaker):
            hit.score -= 200 + _FOLLOWS.get(hit.cause, 0)
            hit.evidence = context.quote(hit.span[0], hit.span[1]) if hit.span else ""
            hit.span = None
            if hit.confidence == "certain":
                hit.confidence = "likely"
            hits.append(hit)
    return hits, speaker


def decide(failure: Failure, knowledge: Knowledge) -> Verdict:
    """The verdict on one failure; `unclear` with a guess's confidence where nothing in the text says why."""
    if failure.own_cause == "accepted":
        return _accepted(failure, knowledge)
    diagnostic = failure.diagnostic[:MAX_DIAGNOSTIC]
    text = Words(diagnostic)
    spans = knowledge.phrases.find(text.words, diagnostic)
    marks = knowledge.marks.find(tokens(diagnostic))
    speaker = recognise(failure, knowledge, text, [*spans, *marks])
    hits = _word_hits(failure, knowledge, spans, marks, speaker)
    if failure.context and (speaker.provider is None or all(hit.confidence == "guess" for hit in hits)):
        hits, speaker = _with_context(failure, knowledge, text, [*spans, *marks], hits, speaker)
    hits = _outermost(hits)
    if not failure.own_cause and not any(hit.score > DECIDES and hit.cause != "unclear" for hit in hits):
        hits += _sense_hits(text.words, knowledge)
    if speaker.blocklist and not any(hit.score > LIKELY for hit in hits):
        hits.append(Hit(LIKELY, "sender-blocklisted", None, "likely", None, speaker.blocklist, None))
    hits += _code_hits(failure, knowledge, speaker, bool(text.words))
    _lift_agreeing(hits)
    if failure.own_cause:
        hits.append(Hit(HINTS + 50, failure.own_cause, None, "likely", None, "", None))
    if failure.action == "delayed" and all(hit.cause == "unclear" for hit in hits):
        hits.append(Hit(WEAK, "delayed", None, "likely", None, "", None))
    if not hits:
        return _unclear(failure, knowledge, speaker)
    if len(hits) > 1:
        hits.sort(key=_by_score)
    best = hits[0]
    confidence = _agreed(best, hits)
    permanence = _permanence(failure, best.rule, best.cause, knowledge, confidence)
    detail = best.detail or next((hit.detail for hit in hits[1:] if hit.cause == best.cause and hit.detail), None)
    causes = list(dict.fromkeys(hit.cause for hit in hits))[:4]
    evidence = best.evidence or (
        text.quote(best.span[0], best.span[1]) if best.span else _marked(best.rule, knowledge, diagnostic)
    )
    provider_id = speaker.provider or _spoken_by(best.rule, knowledge)
    provider_id = provider_id or _owner_of(failure.enhanced_code, knowledge) or speaker.blocklist
    return Verdict(
        cause=best.cause,
        causes=tuple(causes),
        detail=detail if detail and detail.startswith(best.cause + "/") else None,
        confidence=confidence,
        permanence=permanence,
        fate=_fate(failure, permanence),
        provider=knowledge.providers[provider_id]["family"] if provider_id else None,
        provider_id=provider_id,
        entry=best.rule.id if best.rule else None,
        who=_who(failure, best.rule, best.cause, detail, knowledge),
        evidence=evidence[:MAX_EVIDENCE],
        rule=best.rule,
        set_aside=tuple(hits[1:6]),
    )


_GIVEN_UP: dict[str, Permanence] = {"delayed": "temporary", "failed": "permanent"}
_LOGS = ("postfix", "exim", "sendmail", "qmail", "opensmtpd")
_PROGRAMS = ("python", ".net", "php", "outlook", "program")


def _who(failure: Failure, rule: Rule | None, cause: str, detail: str | None, knowledge: Knowledge) -> tuple[str, ...]:
    """Who moves first: the rule's word, else the cause's, by whose server spoke (own program or log, or the recipient's)."""
    facts = knowledge.causes[cause]
    own_log = failure.software in _LOGS and (failure.remote_mta is None or failure.direction == "incoming")
    if own_log and failure.direction != "incoming" and facts.get("who_local"):
        return tuple(facts["who_local"])
    if facts.get("who_program") and failure.software in _PROGRAMS:
        return tuple(facts["who_program"])
    if facts.get("who_own") and (own_log or failure.software in _PROGRAMS):
        return tuple(facts["who_own"])
    if facts.get("who_remote") and _same_domain(failure.remote_mta, failure.recipient):
        return tuple(facts["who_remote"])
    return (rule.who if rule else ()) or knowledge.who_acts(cause, detail)


def _same_domain(host: str | None, recipient: str | None) -> bool:
    domain = (recipient or "").rpartition("@")[2].lower().split(".")[-2:]
    return len(domain) == 2 and (host or "").lower().rstrip(".").split(".")[-2:] == domain


def _owner_of(status: str | None, knowledge: Knowledge) -> str | None:
    """The provider that alone uses an enhanced code outside the registry, or None."""
    if status is None or knowledge.find_enhanced(status) is not None:
        return None
    users = [knowledge.rules[number].provider for number in knowledge.status_rules.get(status, ())]
    families = {knowledge.providers[user]["family"] for user in users if user}
    return users[0] if len(families) == 1 else None


def _spoken_by(rule: Rule | None, knowledge: Knowledge) -> str | None:
    """The provider whose rule won, unless it is a program or list that anybody may use."""
    provider = rule.provider if rule else None
    return provider if provider and knowledge.kinds[provider] not in ("mta", "blocklist") else None


def _by_score(hit: Hit) -> float:
    return -hit.score


def _agreed(best: Hit, hits: list[Hit]) -> Confidence:
    """The confidence of the winner after what the others say: a code that agrees lifts it, certain words that contradict lower it."""
    others = [hit for hit in hits[1:] if hit.cause != best.cause]
    if best.cause == "unclear":
        return "likely" if best.confidence == "certain" else best.confidence
    if best.confidence == "certain":
        rival = any(hit.confidence == "certain" and hit.score > best.score - 60 for hit in others)
        return "likely" if rival else "certain"
    support = any(hit.cause == best.cause and hit is not best for hit in hits)
    if best.confidence == "likely" and support and best.rule and best.rule.worded and not others:
        return "certain"
    if best.confidence == "guess" and support:
        return "likely"
    return best.confidence


def _marked(rule: Rule | None, knowledge: Knowledge, diagnostic: str) -> str:
    if rule is None:
        return ""
    marks = knowledge.raw_rules[knowledge.entries[rule.id]].get("marks", ())
    return next((mark.rstrip("*") for mark in marks if mark.rstrip("*") in diagnostic), "")


def _accepted(failure: Failure, knowledge: Knowledge) -> Verdict:
    host = (failure.remote_mta or "").lower().rstrip(".")
    domain = (failure.recipient or "").rpartition("@")[2].lower()
    provider_id = knowledge.find_host(knowledge.hosts, host) or knowledge.find_host(knowledge.domains, domain)
    family = knowledge.providers[provider_id]["family"] if provider_id else None
    who = knowledge.who_acts("accepted", None)
    return Verdict(
        "accepted",
        ("accepted",),
        None,
        "certain",
        None,
        "delivered",
        family,
        provider_id,
        None,
        who,
        failure.reply_code or "",
    )


def _unclear(failure: Failure, knowledge: Knowledge, speaker: Speaker) -> Verdict:
    permanence = failure.own_permanence or permanence_of(failure.reply_code) or permanence_of(failure.enhanced_code)
    provider_id = speaker.provider
    return Verdict(
        cause="unclear",
        causes=("unclear",),
        detail=None,
        confidence="guess",
        permanence=permanence or _GIVEN_UP.get(failure.action or ""),
        fate=_fate(failure, permanence),
        provider=knowledge.providers[provider_id]["family"] if provider_id else None,
        provider_id=provider_id,
        entry=None,
        who=knowledge.who_acts("unclear", None),
        evidence="",
    )

"""A short text -> what is asked: codes and their provider, a comparison, a number that is no code, a neighbor, nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from bot.codes import normal_status

MAX_QUESTION = 300  # characters; longer texts are pastes
MAX_WORDS = 18
MAX_REPLY_WORDS = 5  # after a code at the start: more words are the reply itself
MAX_TOLD, MAX_FOUND = 8_000, 20  # characters and codes of a paste that are looked at

MAX_REST = 8  # words beside the question words; a question about codes has fewer

_CODE = re.compile(
    r"""(?<![A-Za-z0-9_.@/$€£])[\#(\[<"'`]{0,3}(?:smtp[;:]?\s?|esmtp\s|error\s?[:=#]?\s?|code\s?[:=#]?\s?)?
    (?:(?P<both>([2345]\d\d)[\s\-_.,;:/]{1,3}\(?\#?([245]\.\d{1,3}\.\d{1,3}))
     | (?P<rev>([245]\.\d{1,3}\.\d{1,3})[\s\-_,;:/]{1,3}(?:smtp;?\s?)?([2345]\d\d)(?![\d.]))
     | (?P<status>[245x]\.\d{1,3}\.\d{1,3})(?!\.\d)
     | (?P<class>[245][xyz]{2}|[245][0-5][xyz]|[245]\.x\.x|[245x]\.\d\.x)
     | (?P<reply>(?!465|587)[1-6]\d\d)(?![\d.]\d|\d))
    (?![A-Za-z0-9_])[)\]>"'`]{0,3}""",  # letters of other scripts may stand right beside a code
    re.X | re.I,
)
_WORD = re.compile(r"[\w.-]+")
_NUMBER = re.compile(r"(?<![\w.])(0x[0-9A-Fa-f]{6,10}|\d{1,6}(?:\.\d{1,4}){0,3}|[A-Za-z]{1,6}\d{2,8})(?![\w.]*\d)")

QUESTION_WORDS = frozenset(
    "what whats s is was are does do mean means meaning meant the a an of for in on it this that error errors code codes smtp esmtp mail email e again please pls help "
    "explain tell me us about status enhanced reply response bounce bounces hey hi hello thanks thank you and or why i we get got getting keep keeps see seeing got my our from "
    "how to fix can cant with by at when who should could would someone anyone know knows understand server message one which there any idea ideas hm hmm so ok nochmal "
    "bedeutet bedeuten heißt heisst heisst fehler fehlercode was ist der die das ein eine bitte erklär warum wieso "
    "que quiere decir significa significado código codigo el la los error qué es por "
    "que signifie veut dire quoi erreur c est le un une cest quel "
    "o que significa erro código quer dizer cosa che vuol dire errore il lo "
    "co oznacza ten błąd blad kod wat betekent foutcode fout de het "
    "что значит означает ошибка код это ne demek hata kodu "
    "é l err weiß weiss them bad serious normal ignore resend worry worried jemand denn mir diese dieser meldung fehlermeldung foutmelding mensaje mensagem messaggio message komunikat "
    "quelqu un sait alguien sabe alguém qualcuno kto wie iemand weet cos сообщение ошибки такое hatası hatasi nedir anlamı "
    "exactly actually temporary permanent soft hard return returns returned response difference between vs versus compared compare than comes came keeps same thing as like with "
    "d ll m re t ve don doesn isn bounced bouncing dsn ndr mta mailserver e-mail und y et".split()
)
# The same in scripts that put no blanks between words, longest first.
_GLUED_WORDS = re.compile(
    "どういう意味|という意味|なんですか|何ですか|ですか|エラーコード|エラー|コード|メール|とは|って|意味|どう|いう|です|何|の|は|が|を|"
    "是什么|什么|甚麼|什麼|意思|含义|錯誤|错误|代码|代碼|邮件|郵件|报错|怎么|是|的|吗|呢|啥|"
    "무슨|뜻|무엇|오류|코드|의미|에러|이란|란|은|는|이|가|뭐|예요|인가요"
)
_COMPARE = re.compile(
    r"\b(?:vs?\.?|versus|compared?|difference|differ|differs|unterschied|diferencia|diff(?:[ée]rence)?|differenza|diferença|verschil|różnica|разница)\b|\bor\b|\bthan\b|\bsame\b|\blike\b|\binstead of\b",
    re.I,
)
_SOFT_HARD = re.compile(
    r"\b(?:soft|hard)(?: |-)?(?:bounces?)?\b.{0,30}\b(?:vs?\.?|versus|or|and|difference|compared|to)\b.{0,30}\b(?:soft|hard)(?: |-)?bounces?\b|difference between (?:a )?(?:soft|hard)",
    re.I,
)
# A code that opens a line, perhaps after labels, or that somebody gets or says, and words after it.
_TOLD = re.compile(
    r"""(?:^[^\w\n]{0,12}(?:(?:smtp|esmtp|error|fehler|erreur|errore?|erro|code|reply|response|reason|said|got|diagnostic-code)\b[\s:;=(\["'-]{1,6}){0,3}
      | (?P<verb>:|\b(?:gets?|got|getting|says?|said|saying|sees?|seeing|shows?|errors?|return(?:s|ed|ing)?|repl(?:y|ies|ied)|answers?|answered|responds?|responded
        |response|bounced?|bounces|bouncing|rejected|refused|failed|fails|message|this|bekommt|bekomme|bekommen|meldet|sagt|kommt|fehler|fehlermeldung|erreur|errore?|erro)\b)
        (?:[^\w\n]{0,4}\b(?:an?|the|this|that|us|me|him|her|them|back|error|code|message|smtp|with|by|is|was|it|mit|einen?|den)\b){0,4}[^\w\n]{0,6})
    (?P<code>[45]\d\d|[45]\.\d{1,3}\.\d{1,3})(?:[ -]\(?\#?[45]\.\d{1,3}\.\d{1,3}\)?)?[\s:;,.)\]>"'-]{1,4}(?:\[\d{1,3}\]\s)?(?=[^\W\d_])""",
    re.X | re.I | re.M,
)
_MEANING = re.compile(
    r"""\b(?:means?|meaning|explain|define|smtp|e?mail|errors?|codes?|bounces?|know|fehler\w{0,10}|bedeute[tn]|hei(?:ß|ss)t|significa\w{0,3}|signifie|quiere\ decir|veut\ dire|vuol\ dire|erreur|errore?|erro
      |oznacza|betekent|foutcode|значит|означает|ошибка|demek)\b | 意味 | とは | エラー | 什么 | 意思 | 뜻
      | ^\W{0,5}(?:hey\W{1,3}|hi\W{1,3}|so\W{1,3})?(?:what(?:'?s|\ is|\ are)|was\ ist|(?:que|qué)\ es|c'est\ quoi|was\ sind)\ (?:an?\ |the\ |ein\w{0,2}\ )?[#"'`(\[]{0,2}\d""",
    re.X | re.I,
)
_HELP = re.compile(
    r"^[\s/?!.]*(?:help|hilfe|ayuda|aide|ajuda|aiuto|pomoc|помощь|usage|commands?|what can you do|how (?:do|does|to use) (?:you|this|it)(?: work| use)?|\?+|start|-h|--help|man)?[\s?!.]*$",
    re.I,
)
_NOISE = re.compile(r"<@[A-Z0-9]{5,20}>|@smtpbot\b|^/smtp\b", re.I)
_SUITE = re.compile(r"\b(?:office|microsoft|ms|m|o)[ -]365\b", re.I)  # its number is no code
_OPENS = re.compile(
    r"^\W{0,5}(?:hey |hi |so |ok |and |uh )?(?:what|whats|what's|wat|was|que|qué|quoi|cosa|co|o que|che|how|why|explain|meaning|define|can (?:anyone|someone|you)|does (?:anyone|someone|anybody)|anyone know|anybody know|что|ne|warum|wieso|pourquoi|por qué|perché|dlaczego|waarom|почему|difference|is \d|is it|who|when|should|do (?:i|we)|must (?:i|we)|c'est quoi|quelqu'un|код|wer|wie)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a short text asks. sort: help, codes, compare, soft-hard, number, words, long (more words than a question has)."""

    sort: str
    codes: tuple[tuple[str | None, str | None], ...] = ()
    words: tuple[str, ...] = ()  # what is left without codes and question words
    number: str = ""
    plain: bool = True  # nothing but codes and question words
    opens: bool = False  # begins like a question or ends with a question mark


_PASTED = re.compile(r"(?:smtp; ?)?[245]\d\d[ -](?!vs|and|or\b)", re.I)


def is_short(text: str) -> bool:
    """Whether a text may be a question: longer ones are pastes."""
    spaces = text.count(" ")
    if spaces > MAX_REPLY_WORDS and "?" not in text and _PASTED.match(text):
        return False
    return len(text) <= MAX_QUESTION and spaces < MAX_WORDS


def strip_noise(text: str) -> str:
    """The text without the mention or command that addressed the bot."""
    if "@" in text or text.startswith("/"):
        text = _NOISE.sub(" ", text)
    if "365" in text:
        text = _SUITE.sub("office365", text)
    return text.strip()


def _words(text: str) -> list[str]:
    if not text.isascii():
        text = _GLUED_WORDS.sub(" ", text)
    return [word for part in _WORD.findall(text.lower()) if (word := part.strip(".-_"))]


def _codes(text: str) -> tuple[list[tuple[str | None, str | None]], str]:
    codes: list[tuple[str | None, str | None]] = []
    left = []
    position = 0
    for found in _CODE.finditer(text):
        if found["both"]:
            code: tuple[str | None, str | None] = (found[2], normal_status(found[3]))
        elif found["rev"]:
            code = (found[6], normal_status(found[5]))
        elif found["status"]:
            status = found["status"]
            code = (None, "X" + status[1:] if status[0] in "xX" else normal_status(status))
        elif found["class"]:
            code = (
                (found["class"].lower().replace("y", "x").replace("z", "x"), None)
                if "." not in found["class"]
                else (None, found["class"].upper())
            )
        else:
            code = (found["reply"], None)
        codes.append(code)
        left.append(text[position : found.start()])
        position = found.end()
    left.append(text[position:])
    return codes, " ".join(left)


def read_question(text: str) -> Asked:
    """What a short text (see `is_short`) asks."""
    text = strip_noise(text)
    if _HELP.match(text):
        return Asked("help")
    opens = bool(_OPENS.match(text)) or text.endswith("?")
    lowered = text.lower()
    if ("soft" in lowered or "hard" in lowered) and len(text) < 120 and _SOFT_HARD.search(text):
        return Asked("soft-hard", opens=True)
    if len(set(lowered.split()) - QUESTION_WORDS) > MAX_REST:
        return Asked("long", plain=False, opens=opens)
    codes, left = _codes(text)
    words = _words(left)
    rest = tuple(word for word in words if word not in QUESTION_WORDS)
    if codes:
        return _asked_codes(codes, left, rest, opens, "\n" in text)
    number = _NUMBER.search(text)
    if number and len(words) <= 12:
        others = tuple(word for word in rest if word != number[1].lower())
        return Asked("number", (), others, number[1], plain=not others, opens=opens)
    return Asked("words", (), rest, plain=not rest, opens=opens)


def _asked_codes(
    codes: list[tuple[str | None, str | None]], left: str, rest: tuple[str, ...], opens: bool, lines: bool
) -> Asked:
    distinct = tuple(dict.fromkeys(codes))
    side_by_side = bool(_COMPARE.search(left)) or (not rest and bool(re.search(r"[,/]|\band\b", left)))
    if len(distinct) >= 2 and side_by_side and len(rest) <= 6 and not lines:
        return Asked("compare", distinct, rest, plain=not rest, opens=opens)
    if len(distinct) == 2 and not rest:
        (reply, none), (other, status) = distinct
        if reply and status and none is None and other is None:
            distinct = ((reply, status),)
    return Asked("codes", distinct, rest, plain=not rest, opens=opens)


def asks_meaning(text: str) -> bool:
    """Whether a question with a bare number asks what it means, not whether it suits somebody."""
    return bool(_MEANING.search(text))


def words_of(text: str) -> tuple[str, ...]:
    """The words of a short text without its codes."""
    return tuple(_words(_codes(strip_noise(text))[1]))


def codes_in(text: str) -> tuple[tuple[str | None, str | None], ...]:
    """The codes of a short text, each once, in their order."""
    return tuple(dict.fromkeys(_codes(strip_noise(text))[0]))


def find_told(text: str) -> Iterator[re.Match[str]]:
    """The codes that open a line or that somebody is said to have got, with words after them; `verb` is what led to it."""
    return islice(_TOLD.finditer(text, 0, MAX_TOLD), MAX_FOUND)

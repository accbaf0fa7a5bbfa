"""A short text -> what is asked: codes and their provider, a comparison, a number that is no code, a neighbor, nothing."""

import re
from dataclasses import dataclass

from bot.codes import normal_status

MAX_QUESTION = 300  # characters; longer texts are pastes
MAX_WORDS = 18

_CODE = re.compile(
    r"""(?<![\w.@/$€£])[\#(\[<"'`]{0,3}(?:smtp[;:]?\s?|esmtp\s|error\s?[:=#]?\s?|code\s?[:=#]?\s?)?
    (?:(?P<both>([2345]\d\d)[\s\-_.,;:/]{1,3}\(?\#?([245]\.\d{1,3}\.\d{1,3}))
     | (?P<rev>([245]\.\d{1,3}\.\d{1,3})[\s\-_,;:/]{1,3}(?:smtp;?\s?)?([2345]\d\d)(?![\d.]))
     | (?P<status>[245xX]\.\d{1,3}\.\d{1,3})(?!\.\d)
     | (?P<class>[245][xyX][xyX]|[245][0-5][xyX]|[245]\.[xX]\.[xX]|[245xX]\.\d\.[xX])
     | (?P<reply>[1-6]\d\d)(?![\d.]\d|\d))
    (?![\w])[)\]>"'`]{0,3}""",
    re.X | re.I,
)
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
    "что значит означает ошибка код это "
    "とは 意味 エラー コード は 何 什么 意思 错误 代码 是 ne demek hata kodu "
    "exactly actually temporary permanent soft hard return returns returned response difference between vs versus compared compare than comes came keeps same thing".split()
)
_MAIL_WORDS = frozenset(
    "smtp esmtp mail email e-mail bounce bounces bounced bouncing postfix exim sendmail exchange mailserver mta ndr dsn gmail outlook".split()
)
_COMPARE = re.compile(
    r"\b(?:vs?\.?|versus|compared?|difference|differ|differs|unterschied|diferencia|diff[ée]rence|differenza|diferença|verschil|różnica|разница)\b|\bor\b|\bthan\b",
    re.I,
)
_SOFT_HARD = re.compile(
    r"\b(?:soft|hard)(?: |-)?(?:bounces?)?\b.{0,30}\b(?:vs?\.?|versus|or|and|difference|compared|to)\b.{0,30}\b(?:soft|hard)(?: |-)?bounces?\b|difference between (?:a )?(?:soft|hard)",
    re.I,
)
_HELP = re.compile(
    r"^[\s/?!.]*(?:help|hilfe|ayuda|aide|ajuda|aiuto|pomoc|помощь|usage|commands?|what can you do|how (?:do|does|to use) (?:you|this|it)(?: work| use)?|\?+|start|-h|--help|man)?[\s?!.]*$",
    re.I,
)
_NOISE = re.compile(r"<@[A-Z0-9]{5,20}>|@smtpbot\b|^/smtp\b", re.I)
_OPENS = re.compile(
    r"^\W{0,5}(?:hey |hi |so |ok |and |uh )?(?:what|whats|what's|wat|was|que|qué|quoi|cosa|co|o que|che|how|why|explain|meaning|define|can (?:anyone|someone|you)|does (?:anyone|someone|anybody)|anyone know|anybody know|что|ne|warum|wieso|pourquoi|por qué|perché|dlaczego|waarom|почему|difference|is \d)\b",
    re.I,
)
_OTHER_WORLDS = re.compile(r"\bhttps?\b|\bhttp/|\bbrowser\b|\bnginx\b|\bapache\b|\bapi\b|\bwebsite\b|\bweb ?site\b|\bweb ?page\b|\bgateway time|\bbad gateway\b|\bftp\b|\bsip\b|\bversion\b|\bkernel\b|\bmysql\b|\bphp\b|\bpython\b|\bbuild\b|\brelease\b|\bupdate to\b|\bupgrade|\bdebian\b|\bubuntu\b|\bticket\b|\border\b|\binvoice\b|\broom\b|\bfactura\b|\brechnung\b|\bport\b", re.I)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What a short text asks. sort: help, codes, compare, soft-hard, number, words."""

    sort: str
    codes: tuple[tuple[str | None, str | None], ...] = ()
    words: tuple[str, ...] = ()  # what is left without codes and question words
    number: str = ""
    plain: bool = True  # nothing but codes and question words
    opens: bool = False  # begins like a question or ends with a question mark


def is_short(text: str) -> bool:
    """Whether a text may be a question: longer ones are pastes."""
    return len(text) <= MAX_QUESTION and text.count(" ") < MAX_WORDS


def strip_noise(text: str) -> str:
    """The text without the mention or command that addressed the bot."""
    return _NOISE.sub(" ", text).strip()


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[^\w'’.-]+", text.lower()) if word.strip("'’.-_")]


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
                (found["class"].lower().replace("y", "x"), None)
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
    if _SOFT_HARD.search(text) and len(text) < 120:
        return Asked("soft-hard", opens=True)
    codes, left = _codes(text)
    words = tuple(word.strip("'’.-") for word in _words(left))
    rest = tuple(word for word in words if word not in QUESTION_WORDS and word)
    opens = bool(_OPENS.match(text)) or text.rstrip().endswith("?")
    if codes:
        distinct = tuple(dict.fromkeys(codes))
        side_by_side = bool(_COMPARE.search(left)) or (not rest and bool(re.search(r"[,/]|\band\b", left)))
        if len(distinct) >= 2 and side_by_side and len(rest) <= 6 and "\n" not in text:
            return Asked("compare", distinct, rest, plain=not rest, opens=opens)
        if (
            len(distinct) == 2
            and not rest
            and distinct[0][1] is None
            and distinct[1][0] is None
            and distinct[0][0]
            and distinct[1][1]
        ):
            distinct = ((distinct[0][0], distinct[1][1]),)
        return Asked("codes", distinct, rest, plain=not rest, opens=opens)
    number = _NUMBER.search(text)
    if number and len(words) <= 12:
        others = tuple(word for word in rest if word != number[1].lower())
        return Asked("number", (), others, number[1], plain=not others, opens=opens)
    return Asked("words", (), rest, plain=False, opens=opens)


def about_mail(text: str) -> bool:
    """Whether a short text names mail, and nothing of another world (HTTP, versions, tickets)."""
    return bool(_MAIL_WORDS & set(_words(text)))


def other_world(text: str) -> bool:
    """Whether a text speaks of something else that has such numbers: HTTP, versions, ports, tickets."""
    return bool(_OTHER_WORLDS.search(text))

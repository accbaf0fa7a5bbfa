"""The reader's situation: which server, panel, service or program is the reader's own, as far as a text shows it."""

from bot.model import Failure

MAX_READ = 4_000  # characters of the text in which a sign is looked for
MAX_TOLD = 1_200  # characters in which somebody's own words are believed; later ones may be those of the message

_BY_SOFTWARE = {
    "postfix": "postfix",
    "exim": "exim",
    "exchange": "exchange",
    "event": "esp",
    "python": "script",
    ".net": "script",
    "php": "script",
    "outlook": "client",
}
# What shows the reader's own program or panel, lower case, the surest first.
_SIGNS = (
    ("exim", ("cpanel", "/whm", "whm ", "max emails per hour", "max defers and failures", "r=dkim_lookuphost", "t=remote_smtp", "t=dkim_remote_smtp",
              "exim_mainlog", "exim4", "exigrep", "our exim")),
    ("script", ("phpmailer", "wordpress", "wp_mail", "wp mail smtp", "wpforms", "contact form 7", "woocommerce", "x-php-", "swift_", "swiftmailer", "symfony\\",
                "laravel", "smtplib", "django", "nodemailer", "eresponse", "responsecode:", "actionmailer", "net::smtp", "javax.mail", "jakarta.mail", "mail() ",
                "system.net.mail", "mailkit", "php mail", "php script", "my script", "our script", "the script", "lettre")),
    ("client", ("thunderbird", "0x800ccc", "0x80040", "server response:", "outlook:", "outlook 20", "in outlook", "my outlook", "windows live mail", "apple mail",
                "em client", "der mail-server antwortete", "the mail server responded", "reported error (0x", "betterbird", "my phone", "iphone",
                "sending of the message failed", "an error occurred while sending mail", "printer", "scanner", "scan to mail", "scan-to-email")),
    ("exchange", ("our exchange", "exchange admin", "get-messagetrace", "get-messagetrackinglog", "receive connector", "send connector", "lasterror", "our microsoft 365",
                  "our office 365")),
    ("postfix", ("postfix/smtp[", "main.cf", "postconf", "our postfix")),
)  # fmt: skip
# Reports that a server wrote for the person who sent: they show that person's server, whose admin reads them only
# where an admin has to act.
_REPORTS = (
    ("exim", ("created automatically by mail delivery software", "error from remote mail server after")),
    ("exchange", ("generating server:", "diagnostic information for administrators", "exchange server", "microsoft exchange")),
    ("postfix", ("this is the mail system at host",)),
)  # fmt: skip
_TOLD = (
    ("esp", ("sendgrid", "mailgun", "amazon ses", "amazonses", "postmark", "sparkpost", "brevo", "mailjet", "our newsletter tool", "our campaign")),
    ("hosting", ("shared hosting", "my host ", "our host ", "my hosting", "our hosting", "hosting provider", "hosting company", "web host", "webhost",
                 "directadmin", "hostgator", "bluehost", "siteground", "hosting account", "hosting package")),
)  # fmt: skip
_OWN_HOSTS = (".outlook.com", ".exchangelabs.com", ".office365.com")


def situation_of(failure: Failure, first: str = "", said: str = "", sends: bool = False) -> str | None:
    """One of the situations that words may have (`building.SITUATIONS`), or None where the text shows none.

    `first` moves first, `said` is the text that was pasted, `sends`: a sending service speaks.
    """
    if failure.software is None and said[:3].isdigit() and said[3:4] in (" ", "-") and "\n" not in said:
        return "esp" if sends else None  # a reply alone: the other server speaks, not the reader
    lowered = said[:MAX_READ].lower() if said else f"{failure.context[:MAX_READ]} {failure.diagnostic}".lower()
    if "plesk" in lowered:
        return "plesk"
    if "roundcube" in lowered:
        return None  # webmail: neither a mail program nor a script of the reader's
    own = _BY_SOFTWARE.get(failure.software or "")
    if own:
        return own
    found = _find(lowered, _SIGNS)
    if found:
        return found
    if sends:
        return "esp"
    if first not in ("sender", "recipient"):
        found = _find(lowered, _REPORTS)
        if found is None and (failure.reporting_mta or "").lower().rstrip(".").endswith(_OWN_HOSTS):
            found = "exchange"
    return found or _find(lowered[:MAX_TOLD], _TOLD) or ("script" if failure.software == "program" else None)


def _find(text: str, table: tuple[tuple[str, tuple[str, ...]], ...]) -> str | None:
    for situation, signs in table:
        for sign in signs:
            if sign in text:
                return situation
    return None

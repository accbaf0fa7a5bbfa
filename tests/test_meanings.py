"""Short replies of servers all over the world, in the words of their own: the cause that their words mean."""

import pytest

from bot.app import Bot

MEANT = [
    ("552 La casella di posta è piena, il messaggio non può essere consegnato", "mailbox-full"),
    ("550 Nachricht wurde nicht erfolgreich zugestellt: Postfach voll", "mailbox-full"),
    ("550 The message could not be successfully delivered: no such user", "mailbox-not-found"),
    ("550 5.7.0 Message size violates the policy", "message-too-large"),
    ("550 5.7.1 Bedömt som spam", "spam-content"),
    ("554 Viestisi tulkittiin roskapostiksi", "spam-content"),
    ("451 4.7.1 Try again later", "greylisted"),
    ("451 4.3.0 Zurückgestellt, bitte in einigen Minuten erneut versuchen", "greylisted"),
    ("550 5.7.1 Anhänge mit der Endung .bat werden nicht angenommen", "content-rejected"),
    ("550 Ce destinataire n'accepte pas les messages externes", "recipient-restricted"),
    ("550 5.7.1 Remitente rechazado: su dominio no existe", "sender-rejected"),
    ("550 La casilla del usuario fue suspendida", "mailbox-disabled"),
    ("550 Superato il limite di messaggi inviabili in un giorno", "rate-limited"),
    ("450 Przekroczono dzienny limit wysyłanych wiadomości", "rate-limited"),
    ("450 Günlük gönderim limitiniz aşıldı", "rate-limited"),
    ("421 短時間に大量のメールを送信しています", "rate-limited"),
    ("554 5.7.1 Předávání zpráv není povoleno", "relaying-denied"),
    ("554 Ретрансляция для вас запрещена", "relaying-denied"),
    ("550 このアカウントは現在ご利用になれません", "mailbox-disabled"),
    ("554 スパムの可能性があるため受信を拒否しました", "spam-content"),
    ("550 受信を拒否しました", "recipient-restricted"),
    ("552 附件太大,无法接收", "message-too-large"),
    ("550 Получатель недействителен", "mailbox-not-found"),
    ("421 Unable to connect to the database, try again", "server-error"),
    ("450 4.7.1 <kim@example.com>: Sender address rejected: Policy Rejection- Quota Exceeded", "rate-limited"),
    ("550 5.7.1 Mailbox disabled for sending", "policy-rejected"),
    ("530 5.7.0 Es obligatoria una conexión cifrada", "tls-required"),
    ("554 Serveren din er svartelistet hos oss", "sender-blocklisted"),
    ("550 Acheminement interdit", "relaying-denied"),
    ("550 You are not on the recipient's allow list", "recipient-restricted"),
    ("550 Address is on the bounce list", "suppressed"),
    ("[192.0.2.7] said: 550 5.1.1 <k.li", "mailbox-not-found"),
]

# The same words in another sense.
OTHERWISE = [
    ("451 4.7.1 Service unavailable - try again later", "greylisted"),
    ("550 Anhänge über 20 MB werden nicht angenommen", "content-rejected"),
    ("421 Unable to connect to the server mail.example.org", "server-error"),
    ("550 El dominio no existe", "sender-rejected"),
    ("Il messaggio non è stato consegnato", "accepted"),
    ("4.4.7 Die Nachricht ist zurückgestellt, Zieldomain antwortet nicht", "greylisted"),
]


@pytest.mark.parametrize(("text", "cause"), MEANT)
def test_the_words_are_understood(bot: Bot, text: str, cause: str) -> None:
    """Whatever the language, and with what the words leave out."""
    assert bot.answer(text).answers[0].verdict.cause == cause


@pytest.mark.parametrize(("text", "cause"), OTHERWISE)
def test_words_in_another_sense_do_not_mislead(bot: Bot, text: str, cause: str) -> None:
    """A wording is taken for a cause only where nothing beside it says otherwise."""
    assert all(answer.verdict.cause != cause for answer in bot.answer(text).answers)


def test_chinese_words_that_decided_are_quoted(bot: Bot) -> None:
    """As those of any other language."""
    assert "收件人不存在" in bot.answer("550 5.1.1 错误 收件人不存在").answers[0].verdict.evidence

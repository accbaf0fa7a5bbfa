"""A part of a message (RFC 2045) whose headers are looked up in an index. Loads `email`: import it only to read a mail."""

from email.feedparser import FeedParser
from email.message import Message
from email.policy import Compat32, compat32
from typing import Any


class Part(Message):
    """A `Message` of the compat32 policy that reads each header once. Its headers stay as they were parsed."""

    def __init__(self, policy: Compat32 = compat32) -> None:
        super().__init__(policy)
        self._index: dict[str, tuple[str, str]] | None = None
        self._kind: str | None = None
        self._parameters: dict[str, Any] | None = None

    @property
    def first_headers(self) -> dict[str, tuple[str, str]]:
        """The first header of each name as (name, value) in its raw form, by the name in lower case."""
        if self._index is None:
            self._index = {}
            for name, value in self.raw_items():
                self._index.setdefault(name.lower(), (name, value))
        return self._index

    @property
    def children(self) -> "list[Part]":
        """The parts of a multipart or the message that is enclosed; [] where the part is a leaf."""
        payload: Any = self.get_payload() if self.is_multipart() else []
        return payload  # type: ignore[no-any-return]

    def get(self, name: str, failobj: Any = None) -> Any:
        """The first header of this name, or `failobj`."""
        found = self.first_headers.get(name.lower())
        return self.policy.header_fetch_parse(*found) if found else failobj

    def __contains__(self, name: object) -> bool:
        return str(name).lower() in self.first_headers

    def get_content_type(self) -> str:
        """The media type in lower case; the parser asks for it several times."""
        if self._kind is None:
            self._kind = super().get_content_type()
        return self._kind

    def get_param(self, param: str, failobj: Any = None, header: str = "content-type", unquote: bool = True) -> Any:
        """A parameter of the media type, which is taken apart once, or of another header."""
        if header != "content-type" or not unquote:
            return super().get_param(param, failobj, header, unquote)
        if self._parameters is None:
            found: dict[str, Any] = {}
            for name, value in self.get_params([]):
                found.setdefault(name.lower(), value)
            self._parameters = found
        return self._parameters.get(param.lower(), failobj)


def parse_message(text: str) -> Part:
    """A whole message, parsed. Lines end with a line feed; bytes that are no ASCII are surrogate escapes."""
    parser = FeedParser(Part)
    parser.feed(text)
    return parser.close()

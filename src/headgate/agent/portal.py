"""The way to the portal: two questions over HTTPS, asked from here, with a credential of our own.

Nothing is followed elsewhere (a redirect would carry the credential along), nothing unbounded is
read, and plain HTTP is spoken to this machine alone.
"""

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum
from http.client import HTTPException, HTTPResponse
from ipaddress import ip_address
from ssl import create_default_context
from typing import Final
from urllib.error import HTTPError
from urllib.parse import urlsplit

from headgate.core.ledger.refused import Refused

SECONDS_MOST: Final = 60
BYTES_MOST: Final = 64 * 1024 * 1024
WORD: Final = "Headgate-Word"
"""The header with the digest of the plan that an operator has allowed."""


class PortalRefusal(Enum):
    """Why the portal is not asked, or what it holds against us."""

    ADDRESS_BAD = "the portal's address is https://host/, or http to this machine alone"
    CREDENTIAL_REFUSED = "the portal does not know the credential, or it was revoked: enrol anew"
    NOT_TAKEN = "the portal does not take what was sent"
    ANSWER_BAD = "the answer is not what a portal says"


class PortalDown(Exception):
    """The portal did not answer, or asks to come again later; everything stays in the spool."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the portal said, and what time it was there in Unix seconds (None: it did not say)."""

    body: bytes
    clock: int | None
    word: str = ""


class Portal:
    """One site's door at a portal; `authority` is a file of CA certificates of the programme's."""

    def __init__(self, address: str, site: str, token: str, authority: str | None = None) -> None:
        parts = urlsplit(address)
        plain = parts.scheme == "http" and _is_here(parts.hostname or "")
        wrong = parts.query or parts.fragment or parts.username or not parts.hostname
        if wrong or not (parts.scheme == "https" or plain):
            raise Refused(PortalRefusal.ADDRESS_BAD, repr(address[:80]))
        self._base = f"{address.rstrip('/')}/agents/{site}"
        self._headers = {"Authorization": f"Bearer {token}", "User-Agent": "headgate-agent"}
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler({} if plain else None),
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(context=create_default_context(cafile=authority)),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
        ):
            self._opener.add_handler(handler)

    def orders(self) -> Answer:
        """The site's signed order list (empty where none was signed yet), and the clock there."""
        return self._asked("orders", None)

    def use(self, lines: bytes) -> frozenset[tuple[str, int]]:
        """Tell rows of use; which of them are to be told again, because their time has not come."""
        answer = self._asked("use", lines)
        try:
            return frozenset((str(job), int(attempt)) for job, attempt in json.loads(answer.body))
        except (ValueError, TypeError):
            raise Refused(PortalRefusal.ANSWER_BAD, repr(answer.body[:80])) from None

    def report(self, line: bytes) -> None:
        """Tell one report."""
        self._asked("report", line)

    def _asked(self, what: str, data: bytes | None) -> Answer:
        """One question; raises PortalDown and `Refused`."""
        headers: Mapping[str, str] = self._headers
        if data is not None:
            headers = {**headers, "Content-Type": "application/jsonl"}
        request = urllib.request.Request(f"{self._base}/{what}", data, dict(headers))
        try:
            with self._opener.open(request, timeout=SECONDS_MOST) as response:
                return _answered(response)
        except HTTPError as error:
            with error:
                said = " ".join(error.read(300).decode(errors="replace").split())
            raise _named(error.code, what, said) from None
        except (OSError, HTTPException) as error:
            raise PortalDown(f"{what}: {error}") from error


def _answered(response: HTTPResponse) -> Answer:
    body = response.read(BYTES_MOST + 1)
    if len(body) > BYTES_MOST:
        raise Refused(PortalRefusal.ANSWER_BAD, f"more than {BYTES_MOST:,} bytes")
    if response.length:
        raise PortalDown(f"the answer breaks off, {response.length} bytes are missing")
    return Answer(body, _clock(response.headers.get("Date")), response.headers.get(WORD, ""))


def _named(code: int, what: str, said: str) -> Exception:
    if code in (401, 403, 404):
        return Refused(PortalRefusal.CREDENTIAL_REFUSED, f"{what}: {code}")
    if code == 429 or code >= 500:
        return PortalDown(f"{what}: {code} {said}")
    return Refused(PortalRefusal.NOT_TAKEN, f"{what}: {code} {said}")


def _clock(told: str | None) -> int | None:
    try:
        return int(parsedate_to_datetime(told or "").timestamp())
    except ValueError:
        return None


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""Names that Kubernetes takes, made from any text, and the mark that tells ours from others'.

An object's name is at most 63 letters, digits and dashes (RFC 1123, as DNS labels). It begins with
what can be read of the text and ends with a digest of the whole of it, so two texts never meet in
one name. The text itself is kept in an annotation, so no name is ever taken apart.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

MANAGER: Final = "headgate"
"""The field manager under which every field of ours is applied."""

MANAGED: Final = "app.kubernetes.io/managed-by"
PROGRAMME: Final = "headgate/programme"
"""The label of the programme that an object belongs to; with MANAGED it is Headgate's mark."""

READABLE_MOST: Final = 40
DIGEST_LENGTH: Final = 16


def name(*texts: str) -> str:
    """A DNS label for some texts, different for different texts."""
    digest = hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:DIGEST_LENGTH]
    readable = _readable(texts[-1])
    return f"{readable}-{digest}" if readable else f"x-{digest}"


def plain_name(text: str) -> str:
    """The text itself where it is a DNS label already that no digest ends, else `name` of it."""
    is_label = re.fullmatch("[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?", text) is not None
    is_made = re.search(f"-[0-9a-f]{{{DIGEST_LENGTH}}}$", text) is not None
    return text if is_label and not is_made else name(text)


def mark(programme: str) -> dict[str, str]:
    """The labels that say that an object is Headgate's, and of which programme."""
    return {MANAGED: MANAGER, PROGRAMME: name("programme", programme)}


def is_marked(thing: Mapping[str, Any], programme: str) -> bool:
    """Whether an object carries our mark for the programme."""
    labels = thing.get("metadata", {}).get("labels") or {}
    return all(labels.get(key) == value for key, value in mark(programme).items())


def _readable(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "-", plain).strip("-")[:READABLE_MOST].strip("-")

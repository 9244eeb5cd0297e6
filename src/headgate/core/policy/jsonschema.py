"""The grammar as a JSON Schema for editors: any value may be dated, any section may say its source.

Source: JSON Schema 2020-12. Editors' YAML support reads days as text of the format `date`.
"""

from typing import Any

from headgate.core.policy.structure import STATUSES
from headgate.core.policy.validate import grammar

Schema = dict[str, Any]
_PROVENANCE: Schema = {
    "from": {"type": "string", "format": "date", "description": "The first day it holds."},
    "source": {"type": "string", "description": "law/FILE.md#anchor"},
    "status": {"enum": list(STATUSES)},
    "note": {"type": "string"},
}
_UNTIL: Schema = {"type": "string", "format": "date", "description": "The first day it does not."}


def json_schema() -> Schema:
    """The schema of `programme.yaml`, as published for editors."""
    plain = grammar()
    schema: Schema = _section(plain)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "A Headgate programme"
    schema["$defs"] = {name: _section(inner) for name, inner in plain["$defs"].items()}
    return schema


def _section(schema: Any) -> Schema:
    """A schema whose parts may each be dated; an object also carries its own provenance."""
    changed: Schema = dict(schema)
    if "properties" in schema:
        own = {name: _dated(inner) for name, inner in schema["properties"].items()}
        changed["properties"] = _PROVENANCE | own
    elif schema.get("type") == "object":
        changed["properties"] = dict(_PROVENANCE)
    for key in ("additionalProperties", "items"):
        if isinstance(schema.get(key), dict):
            changed[key] = _dated(schema[key])
    if "patternProperties" in schema:
        patterned = schema["patternProperties"].items()
        changed["patternProperties"] = {
            pattern.replace("^", "^(?!(?:from|source|status|note)$)", 1): _dated(inner)
            for pattern, inner in patterned
        }
    for key in ("anyOf", "oneOf"):
        if key in schema:
            changed[key] = [_section(option) for option in schema[key]]
    return changed


def _dated(schema: Any) -> Schema:
    """The value itself, a dated value, or a history of dated values."""
    inner = _section(schema)
    if inner == {} or set(inner) <= {"title", "default"}:
        return inner
    value: Schema = {
        "type": "object",
        "required": ["value"],
        "additionalProperties": False,
        "properties": {"value": inner, "until": _UNTIL, **_PROVENANCE},
    }
    return {"anyOf": [inner, value, {"type": "array", "minItems": 1, "items": value}]}

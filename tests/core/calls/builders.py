"""Applications and a call that read as sentences, for the tests of calls."""

import json
from datetime import date
from typing import Any

from headgate.core.calls.application import Application, Mark, Organisation, Request
from headgate.core.policy.schema import Policy

CALL: dict[str, Any] = {
    "name": {"en": "The open call"},
    "support": "compute",
    "opens": "2026-01-05",
    "closes": "2026-02-01",
    "decides": "2026-02-20",
    "starts": "2026-03-01",
    "months_most": 6,
    "holders": ["business"],
    "block": {"gpu": 8},
    "classes": {"h200": {"offered": 80, "cap_blocks": 4}},
    "eligibility": [
        {"id": "large", "when": 'applicant.size == "large"', "because": {"en": "No large firms."}},
        {"id": "asked", "when": "application.asked", "because": {"en": "It asked before."}},
    ],
    "gates": [{"id": "audit", "name": {"en": "Audit"}, "evidence": {"en": "-"}, "reply_days": 5}],
    "criteria": [
        {"id": "effect", "name": {"en": "Effect"}, "weight": 60, "full": 10},
        {"id": "means", "name": {"en": "Means"}, "weight": 40, "full": 5},
    ],
    "pass_mark": 60,
}
POLICY: dict[str, Any] = {
    "headgate": 1,
    "programme": {
        "id": "small",
        "name": {"en": "Small"},
        "country": "KR",
        "currency": "KRW",
        "timezone": "Asia/Seoul",
        "calendar": {"first": "2026-03-01", "months": 6},
    },
    "supports": {
        "compute": {
            "kind": "compute",
            "name": {"en": "GPUs"},
            "chips": {"h200": {"name": "NVIDIA H200"}},
            "rates": {"h200": 1},
            "measure_by": "count",
            "node_gpus": 8,
            "lots": {},
        }
    },
    "organisations": {"kinds": ["firm", "university", "institute"], "sizes": ["small", "large"]},
    "holders": [
        {"id": "business", "name": {"en": "Firms"}, "when": 'applicant.kind == "firm"'},
        {"id": "academia", "name": {"en": "Schools"}, "when": 'applicant.kind == "university"'},
    ],
}


def policy_with(**changes: object) -> Policy:
    """The policy whose one call, `open`, has some of its words changed."""
    calls = {"open": {**CALL, **changes}}
    return Policy.model_validate_json(json.dumps({**POLICY, "calls": calls}))


def application(name: str = "open-1", **changes: Any) -> Application:
    """A small firm asks in time for two nodes for six months."""
    kind, size = changes.pop("kind", "firm"), changes.pop("size", "small")
    founded = changes.pop("founded", date(2020, 1, 1))
    given: dict[str, Any] = {
        "id": name,
        "call": "open",
        "at": "2026-01-31T12:00:00Z",
        "applicant": Organisation("org-1", kind, size, "KR-11", founded, {"youth_led": False}),
        "members": (),
        "requests": (Request("h200", 2, 2),),
        "months": 6,
        "fields": {"asked": False},
    }
    return Application(**{**given, **changes})


def sheet(application_id: str, reviewer: str, effect: int, means: int) -> list[Mark]:
    """One reviewer's whole sheet of marks."""
    return [
        Mark(application_id, "effect", reviewer, effect),
        Mark(application_id, "means", reviewer, means),
    ]

"""The call that most tests of the simulated world are about, in the grammar of a policy."""

import json

from headgate.core.policy.schema import Call, Organisations

CALL = {
    "name": {"en": "Open call"},
    "support": "compute",
    "opens": "2025-12-22",
    "closes": "2026-01-28",
    "decides": "2026-03-03",
    "starts": "2026-03-16",
    "months_most": 12,
    "holders": ["business", "academia"],
    "block": {"gpu": 8},
    "classes": {
        "h200": {"offered": 2296, "cap_blocks": 32},
        "b200": {"offered": 2040, "cap_blocks": 16},
    },
    "fields": {"supported": {"kind": "boolean", "name": {"en": "Supported already?"}}},
    "eligibility": [
        {"id": "large", "when": 'applicant.size == "large"', "because": {"en": "Too large."}}
    ],
    "criteria": [
        {"id": "effect", "name": {"en": "Effect"}, "weight": 60, "full": 60},
        {"id": "capacity", "name": {"en": "Capacity"}, "weight": 40, "full": 10},
    ],
    "gates": [
        {"id": "audit", "name": {"en": "Audit"}, "evidence": {"en": "Accounts"}, "reply_days": 5}
    ],
    "panel": {"least": 3, "most": 7, "adjust_harshness": True},
    "partial_awards": True,
    "floors": [
        {"id": "regions", "when": '!(applicant.region in ["KR-11", "KR-41"])', "share": "30 %"}
    ],
}
"""Two classes with caps of 32 and 16 nodes, as in a published call."""

_ORGANISATIONS = {
    "kinds": ["firm", "university", "institute"],
    "sizes": ["small", "large", "not-applicable"],
    "fields": {"supplier": {"kind": "boolean", "name": {"en": "Supplies GPUs?"}}},
}


def call_with(**changes: object) -> Call:
    """The call with some of its words changed."""
    return Call.model_validate_json(json.dumps({**CALL, **changes}))


def organisations_with(**changes: object) -> Organisations:
    """The organisations' words with some of them changed."""
    return Organisations.model_validate_json(json.dumps({**_ORGANISATIONS, **changes}))

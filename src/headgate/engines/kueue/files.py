"""Manifests as YAML files for a repository that GitOps applies; the same bytes every time."""

import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from headgate.engines.kueue.door import PLURALS
from headgate.engines.kueue.manifests import KINDS, RBAC, VERSION, Manifest, version_of

RIGHTS: Final = "rights.yaml"
_WRITES: Final = ("get", "list", "create", "patch", "delete")
_GROUP: Final = "kueue.x-k8s.io"


def files(manifests: Iterable[Manifest], member_role: str | None = None) -> dict[str, bytes]:
    """One file for each kind, and the rights that Headgate itself needs on the cluster."""
    found = list(manifests)
    by_kind = {kind: [one for one in found if one["kind"] == kind] for kind in KINDS}
    named = {f"{PLURALS[kind]}.yaml": _yaml(things) for kind, things in by_kind.items()}
    return {**named, RIGHTS: _yaml(rights(member_role))}


def rights(member_role: str | None) -> tuple[Manifest, ...]:
    """The ClusterRole that plan, apply, admit and metering need, no more, for a ServiceAccount.

    Kubernetes lets nobody bind a role with more rights than one's own, unless one may `bind` it.
    """
    version = version_of("RoleBinding")
    kinds = [PLURALS[kind] for kind in KINDS if version_of(kind) == VERSION]
    statuses = ["admissionchecks/status", "workloads/status"]
    rules = [
        {"apiGroups": [_GROUP], "resources": kinds, "verbs": list(_WRITES)},
        {"apiGroups": [_GROUP], "resources": ["workloads"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [_GROUP], "resources": statuses, "verbs": ["patch"]},
        {
            "apiGroups": [""],
            "resources": ["namespaces"],
            "verbs": list(_WRITES[:-1]),
        },
    ]
    if member_role is not None:
        bound = {"resources": ["clusterroles"], "resourceNames": [member_role], "verbs": ["bind"]}
        rules += [
            {"apiGroups": [RBAC], "resources": ["rolebindings"], "verbs": list(_WRITES)},
            {"apiGroups": [RBAC], **bound},
        ]
    named = {"name": "headgate"}
    within = {**named, "namespace": "headgate"}
    account = {"kind": "ServiceAccount", **within}
    role = {"apiGroup": RBAC, "kind": "ClusterRole", **named}
    return (
        {"apiVersion": "v1", "kind": "Namespace", "metadata": named},
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": within,
        },
        {"apiVersion": version, "kind": "ClusterRole", "metadata": named, "rules": rules},
        {
            "apiVersion": version,
            "kind": "ClusterRoleBinding",
            "metadata": named,
            "roleRef": role,
            "subjects": [account],
        },
    )


def write(folder: Path, named: Mapping[str, bytes]) -> None:
    """Put the files into a folder, each whole; other files in it are left alone."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in named.items():
        draft = folder / f".{name}.draft"
        draft.write_bytes(data)
        draft.replace(folder / name)


def _yaml(things: Iterable[Mapping[str, Any]]) -> bytes:
    stream = io.BytesIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.width = 1000
    yaml.explicit_start = True
    yaml.dump_all(list(things), stream)
    return stream.getvalue()

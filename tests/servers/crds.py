"""Manifests checked by Kueue's published CRDs, as an API server does: structure, then CEL rules.

Kubernetes, "Extend the Kubernetes API with CustomResourceDefinitions": an unknown field is an error
here, as with strict field validation, and not silently dropped.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cel
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

VERSION = "v1beta2"


@dataclass(frozen=True)
class Schemas:
    """The schema of each kind in the one version that Headgate writes."""

    kinds: Mapping[str, Any] = field(repr=False)
    validators: Mapping[str, Any] = field(repr=False)

    def faults(self, thing: Mapping[str, Any], earlier: Mapping[str, Any] | None) -> list[str]:
        """All that a schema has against an object, and against its change; [] for other kinds."""
        schema = self.kinds.get(thing["kind"])
        if schema is None:
            return []
        checked = {k: v for k, v in thing.items() if k != "metadata"}
        found = [e.message for e in self.validators[thing["kind"]].iter_errors(checked)]
        return found or list(broken(schema, checked, earlier))

    def fill(self, thing: dict[str, Any]) -> None:
        """Put the schema's defaults where an object says nothing."""
        if thing["kind"] in self.kinds:
            default(self.kinds[thing["kind"]], thing)


def read(folder: Path) -> Schemas:
    """The schemas of the CRD files of a folder."""
    kinds = {}
    for path in sorted(folder.glob("kueue.x-k8s.io_*.yaml")):
        if "multikueue" in path.name or "provisioning" in path.name:
            continue
        spec = YAML(typ="safe").load(path.read_text(encoding="utf-8"))["spec"]
        for version in spec["versions"]:
            if version["name"] == VERSION and version["served"]:
                kinds[spec["names"]["kind"]] = version["schema"]["openAPIV3Schema"]
    validators = {kind: Draft202012Validator(strict(one)) for kind, one in kinds.items()}
    return Schemas(kinds, validators)


def strict(schema: Any) -> Any:
    """A schema in which a field that it does not know is an error; metadata stays open."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {k: strict(v) for k, v in schema.items() if not k.startswith("x-kubernetes")}
    if schema.get("x-kubernetes-int-or-string"):
        made.pop("type", None)
    is_open = schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in made
    if isinstance(made.get("properties"), dict) and not is_open:
        made["additionalProperties"] = False
    return made


def broken(schema: Any, value: Any, earlier: Any) -> Iterator[str]:
    """The CEL rules that a value breaks; those on `oldSelf` only where there is one."""
    for rule in schema.get("x-kubernetes-validations", ()):
        text = rule["rule"]
        if "oldSelf" in text and earlier is None:
            continue
        if cel.evaluate(text, {"self": value, "oldSelf": earlier}) is not True:
            yield rule.get("message", text)
    if isinstance(value, dict):
        for name, inner in schema.get("properties", {}).items():
            if name in value and name != "metadata":
                before = earlier.get(name) if isinstance(earlier, dict) else None
                yield from broken(inner, value[name], before)
    elif isinstance(value, list):
        for one in value:
            yield from broken(schema.get("items", {}), one, None)


def default(schema: Any, value: Any) -> None:
    """Fill defaults in, from the outside to the inside."""
    if isinstance(value, dict):
        for name, inner in schema.get("properties", {}).items():
            if name not in value and "default" in inner and name != "metadata":
                value[name] = inner["default"]
            if name in value:
                default(inner, value[name])
    elif isinstance(value, list):
        for one in value:
            default(schema.get("items", {}), one)

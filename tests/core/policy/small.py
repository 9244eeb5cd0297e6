"""A programme of a few lines, for tests that change one of them."""

from headgate.core.policy.document import Document

SMALL = """\
headgate: 1
source: law/act.md#art-1
status: in force
programme:
  id: small
  name: {en: Small}
  country: KR
  currency: KRW
  timezone: Asia/Seoul
  calendar: {first: 2026-03-01, months: 6}
supports:
  compute:
    kind: compute
    name: {en: Compute}
    chips: {h200: {name: H200}}
    rates: {h200: 4, b200: 8, a100: 1}
    measure_by: count
    node_gpus: 8
    lots: {}
organisations:
  kinds: [firm, university]
  sizes: [small]
holders:
  - {id: business, name: {en: Firms}, when: applicant.kind == "firm"}
  - {id: academia, name: {en: Universities}, when: applicant.kind == "university"}
"""
LAW = "# Act\n\n## Article 1 {#art-1}\n\nThe state gives.\n\n## Article 2 {#art-2}\n\nAnd takes.\n"


def small(text: str = SMALL, **files: str) -> Document:
    """The small programme's document, with further files by name (`__` for `/`, `_` for `.`)."""
    named = {name.replace("__", "/").replace("_", "."): body for name, body in files.items()}
    return Document.read({"programme.yaml": text, "law/act.md": LAW, **named})


def with_lines(*lines: str) -> str:
    """The small programme's text with further lines at its end."""
    return SMALL + "\n".join(lines) + "\n"

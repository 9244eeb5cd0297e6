"""The same policy, world and seed give the same bytes on any machine, in any process."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

SCRIPT = """\
import hashlib, json, sys
from tests.whole.small import bundle_of, small_term
from tests.whole.korea import korea
made = korea() if sys.argv[1] == "korea-2025" else small_term(sys.argv[2])
files = bundle_of(made)
signed = ("journal/checkpoint", "journal/keys")
print(json.dumps({p: hashlib.sha256(d).hexdigest() for p, d in files.items() if p not in signed}))
"""


def digests(programme: str, seed: str, hash_seed: str) -> dict[str, str]:
    """Digest by path of a bundle made in a process of its own."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": "Asia/Seoul"}
    if hash_seed == "2":
        environment |= {"TZ": "America/New_York", "LC_ALL": "C"}
    printed = subprocess.run(
        [sys.executable, "-c", SCRIPT, programme, seed],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found: dict[str, str] = json.loads(printed)
    return found


@pytest.mark.parametrize("programme", ["small", "korea-2025"])
def test_two_processes_write_the_same_bytes(programme: str) -> None:
    """Neither the process, its hash seed, its time zone nor its language shows in any file."""
    assert digests(programme, "headgate", "1") == digests(programme, "headgate", "2")


def test_another_seed_is_another_world() -> None:
    """A seed is what a rehearsal's world is drawn from: another gives other applicants."""
    one, other = digests("small", "headgate", "1"), digests("small", "another", "1")
    path = "facts/applications/open.jsonl"
    assert one[path] != other[path]
    assert one["policy/programme.yaml"] == other["policy/programme.yaml"]
    published = (ROOT / "tests/programmes/small/programme.yaml").read_bytes()
    assert hashlib.sha256(published).hexdigest() == one["policy/programme.yaml"]

"""What stands in for lm-eval where it is not installed: its command, its logs, a real endpoint.

It takes the words that the runner types, asks the model every item of the task's own folder by
chat, and writes results and samples as lm-evaluation-harness 0.4.13 does. `mode` beside it says
what goes wrong; every start leaves a line in `starts`.
"""

import hashlib
import json
import os
import sys
import urllib.request
from itertools import pairwise
from pathlib import Path
from typing import Any


def sha(text: str) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def asked(url: str, model: str, question: str) -> str:
    """What the model says to a question."""
    body = {"model": model, "messages": [{"role": "user", "content": question}]}
    key = os.environ["OPENAI_API_KEY"]
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        said: str = json.load(answer)["choices"][0]["message"]["content"]
    return said


def main(words: list[str], mode: str) -> int:
    """Run a task; the exit code."""
    said = dict(pairwise(words))
    arguments = dict(pair.split("=", 1) for pair in said["--model_args"].split(","))
    include, task, out = Path(said["--include_path"]), said["--tasks"], Path(said["--output_path"])
    lines = (include / "items.jsonl").read_text(encoding="utf-8").splitlines()
    if mode == "fail":
        sys.stdout.write("the model would not answer\n")
        return 1
    samples: list[dict[str, Any]] = []
    for number, line in enumerate(lines[: -1 if mode == "partial" else None]):
        item = json.loads(line)
        said_back = asked(arguments["base_url"], arguments["model"], item["question"])
        samples.append(
            {
                "doc_id": number,
                "doc": item,
                "filter": "none",
                "metrics": ["exact_match"],
                "doc_hash": sha(line),
                "prompt_hash": sha(item["question"]),
                "target_hash": sha(item["answer"]),
                "exact_match": float(said_back.strip() == item["answer"]),
            }
        )
    hashes = ("doc_hash", "prompt_hash", "target_hash")
    mean = sum(sample["exact_match"] for sample in samples) / len(samples)
    shots = int(said.get("--num_fewshot", "0"))
    results = {
        "results": {task: {"exact_match,none": mean}},
        "configs": {task: {"num_fewshot": shots, "doc_to_text": "{{question}}"}},
        "versions": {task: 2.0 if mode == "other task" else 1.0},
        "n-samples": {task: {"original": len(lines), "effective": len(samples)}},
        "config": {"gen_kwargs": {}, "limit": None},
        "lm_eval_version": "0.4.12" if mode == "other version" else "0.4.13",
        "task_hashes": {task: sha("".join(str(s[name]) for s in samples for name in hashes))},
        "model_name": arguments["model"],
    }
    folder = out / arguments["model"]
    folder.mkdir(parents=True)
    text = "".join(json.dumps(sample) + "\n" for sample in samples)
    (folder / f"samples_{task}_2026.jsonl").write_text(text, encoding="utf-8")
    if mode != "no log":
        (folder / "results_2026.json").write_text(json.dumps(results), encoding="utf-8")
    return 0


if __name__ == "__main__":
    here = Path(sys.argv[1])
    with (here / "starts").open("a", encoding="utf-8") as starts:
        starts.write(" ".join(sys.argv[2:]) + "\n")
    modes = here / "mode"
    sys.exit(main(sys.argv[2:], modes.read_text(encoding="utf-8") if modes.exists() else ""))

"""What is typed to run one task with one tool on one model: words and environment, and no shell.

The model is reached through an OpenAI-compatible endpoint and in no other way. What a tool keeps
beside its logs (caches, traces, copies of the items) goes into the run's own folder, which goes
when the run is done, so that hidden items lie nowhere else.

Source: `lm-eval run --help` of lm-evaluation-harness 0.4.13; `inspect eval --help` and "Model
Providers" of Inspect 0.3.285.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from headgate.readers.suites import Evaluator, Model, Task, Through, Tool

LOG, CACHE = "log", "cache"
_SERVICE: Final = "headgate"
_NO_KEY: Final = "none"


@dataclass(frozen=True, slots=True)
class Typed:
    """A command as it is run: its words, and what is set in its environment."""

    words: tuple[str, ...]
    environment: Mapping[str, str]


def typed(
    task: Task, model: Model, evaluator: Evaluator, include: Path | None, folder: Path, key: str
) -> Typed:
    """The command for one run, whose logs come to lie in `folder`/log."""
    program = evaluator.programs.get(task.tool, task.tool.value)
    make = _lm_eval if task.tool is Tool.LM_EVAL else _inspect
    words = (program, *make(task, model, evaluator, include))
    return Typed(words, {**evaluator.environment, **_environment(task, model, folder, key)})


def logged_as(task: Task, model: Model) -> str:
    """The name that the tool's log gives the model."""
    return model.served if task.tool is Tool.LM_EVAL else f"openai-api/{_SERVICE}/{model.served}"


def _environment(task: Task, model: Model, folder: Path, key: str) -> Mapping[str, str]:
    cache = str(folder / CACHE)
    own = dict.fromkeys(("TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"), cache)
    if task.tool is Tool.INSPECT:
        return {
            **own,
            f"{_SERVICE.upper()}_API_KEY": key or _NO_KEY,
            f"{_SERVICE.upper()}_BASE_URL": model.endpoint,
        }
    own["OPENAI_API_KEY"] = key or _NO_KEY
    if task.hidden:
        # Data sets that are local files are copied into the cache of Hugging Face's library.
        own |= {"HF_HOME": cache, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    return own


def _lm_eval(task: Task, model: Model, evaluator: Evaluator, include: Path | None) -> Iterator[str]:
    chat = task.through is Through.CHAT
    path = "chat/completions" if chat else "completions"
    arguments = {
        "model": model.served,
        "base_url": f"{model.endpoint.rstrip('/')}/{path}",
        "num_concurrent": evaluator.connections,
        "max_retries": 3,
        **({} if chat else {"tokenizer_backend": "remote"}),
    }
    yield from ("run", "--model", f"local-{'chat-' if chat else ''}completions")
    yield from ("--model_args", ",".join(f"{name}={value}" for name, value in arguments.items()))
    yield from ("--tasks", task.task, "--output_path", LOG, "--log_samples")
    yield from ("--batch_size", "1", "--seed", "0,1234,1234,1234")
    yield from ("--apply_chat_template",) if chat else ()
    yield from ("--include_path", str(include)) if include is not None else ()
    yield from ("--num_fewshot", str(task.examples)) if task.examples is not None else ()
    said = {"max_gen_toks": task.max_tokens, "temperature": task.temperature}
    generation = [f"{name}={value}" for name, value in said.items() if value is not None]
    yield from ("--gen_kwargs", ",".join(generation)) if generation else ()


def _inspect(task: Task, model: Model, evaluator: Evaluator, include: Path | None) -> Iterator[str]:
    yield from ("eval", str(include / task.task) if include is not None else task.task)
    yield from ("--model", logged_as(task, model), "--log-dir", LOG, "--log-format", "eval")
    yield from ("--display", "plain", "--max-connections", str(evaluator.connections))
    yield from ("--epochs", str(task.epochs)) if task.epochs is not None else ()
    yield from ("--max-tokens", str(task.max_tokens)) if task.max_tokens is not None else ()
    yield from ("--temperature", task.temperature) if task.temperature is not None else ()

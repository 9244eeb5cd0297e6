"""A tiny language model behind an OpenAI-compatible endpoint on loopback, the same on every run.

It is an n-gram model over characters: what it has read decides what it finds likely, and it goes on
as the longest part of the prompt that it has read before went on. It answers completions (with the
log-probabilities that multiple choice needs), chats, and the tokenizer's endpoints that vLLM has;
a token is a character. `asked` counts what was asked of it, by path.
"""

import json
import math
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

LONGEST: Final = 12
CHARACTERS: Final = 40_000
END: Final = "\x03"


def _open() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


@dataclass(slots=True)
class Model:
    """What it has read, by which name it is served, and the key that it asks for.

    It answers while `wait` is set.
    """

    text: str
    name: str = "tiny"
    key: str = ""
    asked: Counter[str] = field(default_factory=Counter)
    wait: threading.Event = field(default_factory=_open)

    def chance(self, before: str, character: str) -> float:
        """The chance of a character after what stands before it, never 0."""
        for length in range(min(LONGEST, len(before)), 0, -1):
            context = before[-length:]
            if seen := self.text.count(context):
                going_on = self.text.count(context + character)
                return (going_on + 0.01) / (seen + 0.01 * CHARACTERS)
        return 1 / CHARACTERS

    def go_on(self, prompt: str, most: int, stop: Sequence[str]) -> str:
        """What it says after a prompt: as the longest part of it that was read went on."""
        said = ""
        while len(said) < most and not any(one in said for one in stop if one):
            before = prompt + said
            at = -1
            for length in range(min(60, len(before)), 2, -1):
                if (at := self.text.find(before[-length:])) >= 0:
                    at += length
                    break
            if at < 0 or at >= len(self.text) or self.text[at] == END:
                break
            said += self.text[at]
        for one in filter(None, stop):
            said = said.partition(one)[0]
        return said

    def logprobs(self, text: str) -> dict[str, Any]:
        """Each character's log-probability, as the completions endpoint gives it."""
        own = [math.log(self.chance(text[:at], one)) for at, one in enumerate(text)]
        return {
            "tokens": list(text),
            "token_logprobs": [None, *own[1:]],
            "top_logprobs": [
                None,
                *({one: value} for one, value in zip(text[1:], own[1:], strict=True)),
            ],
        }

    def answer(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer of an endpoint."""
        if path == "/v1/completions":
            prompts = body["prompt"]
            if isinstance(prompts, str) or (prompts and isinstance(prompts[0], int)):
                prompts = [prompts]
            choices = [self._completed(at, _text(one), body) for at, one in enumerate(prompts)]
            return {"object": "text_completion", "model": self.name, "choices": choices}
        if path == "/v1/chat/completions":
            said = self.go_on(_chat(body["messages"]), _most(body, 64), _stop(body))
            message = {"role": "assistant", "content": said}
            return {
                "id": "1", "object": "chat.completion", "created": 0, "model": self.name,
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
            }  # fmt: skip
        if path == "/tokenize":
            return {"tokens": [ord(one) for one in body["prompt"]]}
        if path == "/detokenize":
            return {"prompt": _text(body["tokens"])}
        if path == "/tokenizer_info":
            return {"tokenizer_class": "Characters", "eos_token": END, "bos_token": None}
        return {"object": "list", "data": [{"id": self.name, "object": "model"}]}

    def _completed(self, index: int, prompt: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        said = self.go_on(prompt, _most(body, 16), _stop(body))
        if not body.get("echo"):
            return {"index": index, "text": said, "finish_reason": "stop"}
        told = self.logprobs(prompt + (said[:1] or END))
        return {"index": index, "text": prompt + said, "logprobs": told, "finish_reason": "length"}


def _text(prompt: str | Sequence[int]) -> str:
    return prompt if isinstance(prompt, str) else "".join(map(chr, prompt))


def _chat(messages: Sequence[Mapping[str, Any]]) -> str:
    said = [one["content"] for one in messages]
    return "\n".join(
        one if isinstance(one, str) else "".join(part.get("text", "") for part in one)
        for one in said
    )


def _most(body: Mapping[str, Any], least: int) -> int:
    most = body.get("max_tokens") or body.get("max_completion_tokens") or least
    return min(int(most), 256)


def _stop(body: Mapping[str, Any]) -> Sequence[str]:
    stop = body.get("stop") or ["\n"]
    return [stop] if isinstance(stop, str) else stop


@contextmanager
def served(model: Model) -> Iterator[str]:
    """The model at an address on loopback, for the length of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._tell({})

        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            self._tell(json.loads(self.rfile.read(size) or b"{}"))

        def _tell(self, body: Mapping[str, Any]) -> None:
            model.asked[self.path] += 1
            asked = model.key and self.path.startswith("/v1/")
            refused = asked and self.headers.get("Authorization") != f"Bearer {model.key}"
            model.wait.wait()
            data = json.dumps({} if refused else model.answer(self.path, body)).encode()
            self.send_response(401 if refused else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            server.shutdown()
            thread.join()


def keep(model: Model) -> None:
    """Print the address and serve the model until standard input is closed."""
    with served(model) as url:
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        sys.stdin.read()

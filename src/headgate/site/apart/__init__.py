"""What takes far more memory than a page does, computed by a process of its own where one serves.

numpy, the solver and all that came in for a call are several times what a worker holds otherwise,
and it answers for weeks. So one that serves has a child compute what follows from those, and holds
what was made of it. What reads every award and writes it again is done there from its first read to
its commit. A child that nobody asks ends by itself, and so does one whose worker is gone. Commands
and tests compute where they ask.
"""

import atexit
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from threading import Lock
from typing import Any, Final, Self, TypeVar

T = TypeVar("T")

COMMAND: Final = (sys.executable, "-m", "headgate.site.apart")
TRIES: Final = 2
"""A child may end, because nobody asked, at the very moment at which somebody does."""

Question = tuple[Callable[..., Any], tuple[Any, ...]]
"""A function, and what it is told."""

Answer = tuple[bool, Any]
"""Whether there is a value, and the value or else why there is none."""


class Unanswered(ChildProcessError):
    """A child ended while it did something: nobody here knows whether it was done."""


@dataclass(frozen=True, slots=True)
class Child:
    """A process that answers questions, and this end of the line to it."""

    process: "subprocess.Popen[bytes]"
    line: "Connection[Any, Any]"

    @classmethod
    def started(cls, command: Sequence[str]) -> Self:
        """One that is alone in its session: what interrupts the server leaves it to be ended."""
        ours, theirs = Pipe()
        with theirs:
            process = subprocess.Popen(
                command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, start_new_session=True
            )
        return cls(process, ours)

    def asked(self, question: Any, seconds: float | None) -> Any:
        """What it says; raises EOFError or OSError where it ended or takes too long."""
        self.line.send(question)
        if not self.line.poll(seconds):
            raise EOFError
        return self.line.recv()

    def end(self) -> None:
        """End it, whatever it is doing."""
        self.line.close()
        self.process.kill()
        self.process.wait()


@dataclass
class _Beside:
    """The child of this process, if it is one that serves; who has the lock asks."""

    lock: Lock = field(default_factory=Lock)
    serves: bool = False
    is_over: bool = False
    child: Child | None = None

    def asked(self, question: Question) -> Answer:
        """What the child makes of it, or another child; raises ChildProcessError."""
        for _ in range(TRIES):
            if self.is_over:
                break
            self.child = self.child or Child.started(COMMAND)
            try:
                answer: Answer = self.child.asked(question, None)
            except (EOFError, OSError):
                self.end()
            else:
                return answer
        raise ChildProcessError("what computes for the pages ended before it answered")

    def asked_once(self, question: Question) -> Answer:
        """The same for what is not to be done twice, of a child that has just answered."""
        self.asked((bool, ()))
        assert self.child is not None
        try:
            answer: Answer = self.child.asked(question, None)
        except (EOFError, OSError) as error:
            raise Unanswered from error
        return answer

    def end(self) -> None:
        """End the child, where there is one."""
        child, self.child = self.child, None
        if child is not None:
            child.end()

    def end_for_good(self) -> None:
        """The same with the worker: whatever waits for the child starts no other."""
        self.is_over = True
        self.end()


_BESIDE: Final = _Beside()
atexit.register(_BESIDE.end_for_good)


def have_computed() -> None:
    """Have a child compute from now on: for a process that serves."""
    _BESIDE.serves = True


def serves() -> bool:
    """Whether this process is one that serves."""
    return _BESIDE.serves


def apart(function: Callable[..., T], *told: Any) -> T:
    """What a function makes of what it is told; raises what it raises.

    A child that computes it reads the database by itself: it is asked before anything is written.
    """
    if not _BESIDE.serves:
        return function(*told)
    with _BESIDE.lock:
        value: T = _value(_BESIDE.asked((function, told)))
    return value


def apart_once(function: Callable[..., T], *told: Any) -> T:
    """The same for what writes, in a transaction of its own: the child that ended is not followed.

    It is never asked inside a transaction, whose end the child would wait for. Raises `Unanswered`
    where the child ended before it answered.
    """
    if not _BESIDE.serves:
        return function(*told)
    with _BESIDE.lock:
        value: T = _value(_BESIDE.asked_once((function, told)))
    return value


def _value(answer: Answer) -> Any:
    made, found = answer
    if not made:
        raise found
    return found

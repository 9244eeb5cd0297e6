"""Machine code where numba is installed (extra `simulate`), plain Python where it is not.

Compiled code is kept beside the package, or where NUMBA_CACHE_DIR or the user's own cache folder
is; where none can be written it is made again in each process, and `state` says so.

The loop makes no arrays, so that counting references to those it is handed is only cost, and the
greater part of it; nor does Python call its inner functions. Numba's options for both are not
documented: where they are gone the loop is compiled without them and gives the same, later.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import FunctionType
from typing import Any, TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., object])
Compile = Callable[..., Callable[[Function], Function]]

TRIED = ((0, 66), (0, 68))
"""The first and the last version of numba with which `passes` was tried; with others it is not
used, and the first replay waits twice as long."""
LAST_PYTHON = (3, 13)
"""The last Python with which it was tried, for numba reads Python's own instructions."""


class State(StrEnum):
    """What becomes of the loop's source text."""

    KEPT = "compiled once and kept"
    NOT_KEPT = "compiled for this run only: no folder for compiled code can be written"
    INTERPRETED = (
        "not compiled, which takes hundreds of times longer: install headgate[simulate]"
        " and leave NUMBA_DISABLE_JIT unset"
    )


class _Compiler:
    """Turns functions into machine code and remembers what came of it."""

    def __init__(self) -> None:
        self.state = State.KEPT

    def inner(self, function: Function) -> Function:
        """The function as machine code, for compiled functions to call and to be kept with."""
        return self._compiled(function, inner=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)

    def outer(self, function: Function) -> Function:
        """The function as machine code, made when Python first calls it, and kept.

        Where its folder cannot be written that is known now; that a disk is full, by the call.
        """
        try:
            made = self._compiled(function, cache=True)
        except RuntimeError:
            self.state = State.NOT_KEPT
            return self._compiled(function)
        return cast("Function", _Kept(made, self)) if compiled(made) else made

    def _compiled(self, function: Function, *, inner: bool = False, **options: bool) -> Function:
        try:
            import numba
        except ImportError:
            self.state = State.INTERPRETED
            return function
        njit: Compile[Function] = numba.njit
        sooner: dict[str, Any] = {"_nrt": False, "error_model": "numpy", **options}
        versions = numba.version_info.short, sys.version_info[:2]
        if TRIED[0] <= versions[0] <= TRIED[1] and versions[1] <= LAST_PYTHON:
            from headgate.simulation.replay import passes

            sooner["pipeline_class"] = passes.Inner if inner else passes.Outer
        try:
            made = njit(**sooner)(function)
        except KeyError:
            made = njit(cache=options.get("cache", False))(function)
        if not compiled(made):
            self.state = State.INTERPRETED
        return made


@dataclass(frozen=True)
class _Kept:
    """A compiled function that runs too where its code is found not to have been kept."""

    made: Callable[..., object]
    compiler: _Compiler

    def __call__(self, *words: object) -> object:
        """Compiled functions open no file: what fails is keeping one, after it is compiled."""
        try:
            return self.made(*words)
        except OSError:
            self.compiler.state = State.NOT_KEPT
            return self.made(*words)


_COMPILER = _Compiler()
inner, outer = _COMPILER.inner, _COMPILER.outer


def compiled(function: Callable[..., object]) -> bool:
    """Whether a function is machine code, which computes in 64 bits whatever it reads."""
    return not isinstance(function, FunctionType)


def state() -> State:
    """What became of the loop."""
    return _COMPILER.state

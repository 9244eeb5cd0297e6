"""Machine code where numba is installed (extra `simulate`), plain Python where it is not.

Compiled code is kept beside the package, or where NUMBA_CACHE_DIR or the user's own cache folder
is; where none can be written it is made again in each process, and `state` says so.

The loop makes no arrays, so that counting references to those it is handed is only cost, and the
greater part of it; nor does Python call its inner functions. Numba's options for both are not
documented: where they are gone the loop is compiled without them and gives the same, later.
"""

from collections.abc import Callable
from enum import StrEnum
from types import FunctionType
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., object])
Compile = Callable[..., Callable[[Function], Function]]

TRIED = ((0, 66), (0, 68))
"""The first and the last version of numba with which `passes` was tried; with others it is not
used, and the first replay waits twice as long."""


class State(StrEnum):
    """What becomes of the loop's source text."""

    KEPT = "compiled once and kept"
    NOT_KEPT = "compiled for this run only: no folder for compiled code can be written"
    INTERPRETED = "not compiled: install headgate[simulate] to make it hundreds of times faster"


class _Compiler:
    """Turns functions into machine code and remembers what came of it."""

    def __init__(self) -> None:
        self.state = State.KEPT

    def inner(self, function: Function) -> Function:
        """The function as machine code, for compiled functions to call and to be kept with."""
        return self._compiled(function, inner=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)

    def outer(self, function: Function) -> Function:
        """The function as machine code, made when Python first calls it, and kept."""
        try:
            return self._compiled(function, cache=True)
        except RuntimeError:
            self.state = State.NOT_KEPT
            return self._compiled(function)

    def _compiled(self, function: Function, *, inner: bool = False, **options: bool) -> Function:
        try:
            import numba
        except ImportError:
            self.state = State.INTERPRETED
            return function
        njit: Compile[Function] = numba.njit
        sooner: dict[str, Any] = {"_nrt": False, "error_model": "numpy", **options}
        if TRIED[0] <= numba.version_info.short <= TRIED[1]:
            from headgate.simulation.replay import passes

            sooner["pipeline_class"] = passes.Inner if inner else passes.Outer
        try:
            return njit(**sooner)(function)
        except KeyError:
            return njit(cache=options.get("cache", False))(function)


_COMPILER = _Compiler()
inner, outer = _COMPILER.inner, _COMPILER.outer


def compiled(function: Callable[..., object]) -> bool:
    """Whether a function is machine code, which computes in 64 bits whatever it reads."""
    return not isinstance(function, FunctionType)


def state() -> State:
    """What became of the loop."""
    return _COMPILER.state

"""numpy, loaded when a figure is first computed, and the arrays that statistics are made of.

Every page of the portal can reach the statistics and few compute any: a worker that shows what was
decided holds 13 MiB less, as `bench/portal/bench_memory.py` measures.
"""

from typing import TYPE_CHECKING, Any

__all__ = ["BoolArray", "FloatArray", "IntArray", "np"]

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    IntArray = NDArray[np.int64]
    FloatArray = NDArray[np.float64]
    BoolArray = NDArray[np.bool_]
else:

    class _Later:
        """A module in which nothing was looked up yet."""

        def __getattr__(self, name: str) -> Any:
            import numpy as np

            found = getattr(np, name)
            setattr(self, name, found)
            return found

    np = _Later()
    IntArray = FloatArray = BoolArray = Any

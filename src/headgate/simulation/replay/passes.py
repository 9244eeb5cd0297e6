"""The loop made into machine code in a third of numba's time, by leaving out what it needs not.

Numba compiles each inner function as if Python would call it, once for every width of its numbers,
with all that it calls, and asks for every `+` anew which of a dozen meanings it has. Here an inner
function is compiled once, in 64 bits, linked into the loop and optimised there; a question about an
operator is answered once; a place of a table is an address, which numba would write as a page; and
passes for what the loop has none of (closures, `with`, fused arrays) are not run. The rules' text
is compiled as it stands: what runs is the same, sooner.

The loop is told two things that numba would not assume: no place of a table is below zero, so that
its sign is not asked at every access, and nobody else calls the parts, so that a call hands over
what is read of the tables instead of ninety words. Together they halve a replay.

Numba lets a compiler be put together from its passes and may change these with any version, so
`compiling` uses this module only with versions that it was tried with.
"""

from operator import getitem, setitem
from typing import Any, ClassVar

from llvmlite.binding import Linkage  # type: ignore[import-untyped]
from numba import _dynfunc, types  # type: ignore[attr-defined]
from numba.core import compiler, typed_passes, untyped_passes
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.lowering import Lower

from headgate.rings import undisturbed


class _Part(JITCodeLibrary):
    """An inner function's code, which is linked into the loop and never runs alone."""

    def finalize(self) -> None:
        """Be ready to be linked; the loop links what this calls, and optimises the whole."""
        self._finalized = True

    def _optimize_functions(self, module: Any) -> None:
        """Leave this to the loop too; a module must say for which machine it is."""
        module.data_layout = self._codegen._data_layout


class _Whole(JITCodeLibrary):
    """The loop's code with that of all parts, each once."""

    def add_linking_library(self, library: Any) -> None:
        """Link a part with the parts that it calls."""
        if library not in self._linking_libraries:
            super().add_linking_library(library)
            for each in library._linking_libraries if isinstance(library, _Part) else ():
                self.add_linking_library(each)

    def _optimize_final_module(self) -> None:
        """Tell that nobody else calls the parts, so that no word is handed over that none reads."""
        for each in self._final_module.functions:
            if each.linkage == Linkage.linkonce_odr:
                each.linkage = Linkage.internal
        super()._optimize_final_module()


class _Code(Lower):
    """Writes a function's code without what only other programs need.

    A place of a table is its address, in one line where numba unpacks the table at each access; a
    name that is given its value in one place stands for it, where numba puts it away and fetches
    it; and nothing is wiped when it is needed no more, for nothing counts references here.
    """

    def init(self) -> None:
        """Know no value yet."""
        super().init()
        self.given: dict[str, Any] = {}

    def loadvar(self, name: str) -> Any:
        """A variable's value."""
        return self.given[name] if name in self.given else super().loadvar(name)

    def storevar(self, value: Any, name: str, argidx: int | None = None) -> None:
        """Keep a variable's value; numba has seen to it that a single one comes before its uses."""
        if len(self.func_ir._definitions[name]) == 1:
            self.given[name] = value
        else:
            super().storevar(value, name, argidx)

    def delvar(self, name: str) -> None:
        """Let a variable be."""

    def lower_getitem(self, kind: Any, asked: Any, table: Any, place: Any, signature: Any) -> Any:
        """Read a place of a table."""
        if not self._is_one(table, place):
            return super().lower_getitem(kind, asked, table, place, signature)
        read = self.builder.load(self._address(table.name, place.name))
        return self.context.cast(self.builder, read, self.typeof(table.name).dtype, kind)

    def lower_setitem(self, table: Any, place: Any, value: Any, signature: Any) -> Any:
        """Write into a place of a table."""
        if not self._is_one(table, place):
            return super().lower_setitem(table, place, value, signature)
        kinds = self.typeof(value.name), self.typeof(table.name).dtype
        written = self.context.cast(self.builder, self.loadvar(value.name), *kinds)
        return self.builder.store(written, self._address(table.name, place.name))

    def _is_one(self, table: Any, place: Any) -> bool:
        """Whether it is one place of a table whose rows lie one behind the other."""
        kind, axes = self.typeof(table.name), _axes(self.typeof(place.name))
        if not isinstance(kind, types.Array) or kind.layout != "C":
            return False
        return len(axes) == kind.ndim and all(map(_is_whole, axes))

    def _address(self, table: str, place: str) -> Any:
        """Where a place is: its row times the length of a row, and so on for each axis."""
        builder, array, at = self.builder, self.loadvar(table), self.loadvar(place)
        kinds = _axes(self.typeof(place))
        model = self.context.data_model_manager[self.typeof(table)]
        shape, data = (model.get_field_position(name) for name in ("shape", "data"))
        offset = None
        for axis, kind in enumerate(kinds):
            given = builder.extract_value(at, axis) if len(kinds) > 1 else at
            step = self.context.cast(builder, given, kind, types.intp)
            if offset is not None:
                length = builder.extract_value(array, (shape, axis))
                rows = builder.mul(offset, length, flags=["nsw"])
                step = builder.add(rows, step, flags=["nsw"])
            offset = step
        return builder.gep(builder.extract_value(array, data), [offset])


def _axes(place: Any) -> list[Any]:
    """The types of a place's axes; of a table in one row it is a number."""
    parts: Any = place
    return [*parts] if isinstance(place, types.BaseTuple) else [place]


@register_pass(mutates_CFG=True, analysis_only=False)
class _WholeLowering(typed_passes.NativeLowering):
    """Writes the loop's code, links and optimises it."""

    _name = "headgate_whole_lowering"
    lowering_class = _Code

    def run_pass(self, state: Any) -> bool:
        """Have it linked once."""
        state.library = _Whole(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        return bool(super().run_pass(state))


@register_pass(mutates_CFG=True, analysis_only=False)
class _PartLowering(typed_passes.NativeLowering):
    """Writes an inner function's code, for the loop to link and to optimise."""

    _name = "headgate_part_lowering"
    lowering_class = _Code

    def run_pass(self, state: Any) -> bool:
        """Name the code by a function without an address, since only its name is asked for."""
        state.library = _Part(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        lowered = state["cr"]
        made, keeps = lowered.fndesc, (state.library,)
        named = (made.lookup_module(), made.qualname, "", 0, lowered.env, keeps)
        function = _dynfunc.make_function(*named)
        state.targetctx.insert_user_function(function, made, list(keeps))
        state["cr"] = lowered._replace(cfunc=function)
        return True


class _Types:
    """Numba's knowledge of types, which answers the same question about an operator once."""

    known: ClassVar[dict[Any, Any]] = {}

    def __init__(self, context: Any) -> None:
        self._context = context
        self._places = [context.resolve_value_type(each) for each in (getitem, setitem)]
        self._bounds = [context.resolve_value_type(each) for each in (min, max)]

    def __getattr__(self, name: str) -> Any:
        """Everything else is numba's own."""
        return getattr(self._context, name)

    def resolve_setitem(self, target: Any, index: Any, value: Any) -> Any:
        """What writing gives, asked as reading is."""
        return self.resolve_function_type(self._places[1], (target, index, value), {})

    def resolve_function_type(self, function: Any, args: Any, words: Any) -> Any:
        """What a call gives; functions take whole numbers in 64 bits and no other width."""
        if isinstance(function, types.Dispatcher) or function in self._bounds:
            args = tuple(types.int64 if _is_whole(each) else each for each in args)
        if function is getitem:
            function = self._places[0]
        if function in self._places:
            args = (args[0], _from_the_front(args[1]), *args[2:])
        if words or not isinstance(function, types.Function):
            return self._context.resolve_function_type(function, args, words)
        asked = (function, tuple(args))
        if asked not in self.known:
            self.known[asked] = self._context.resolve_function_type(function, args, words)
        return self.known[asked]


def _is_whole(kind: Any) -> bool:
    return isinstance(kind, types.Integer | types.IntegerLiteral | types.Boolean)


def _from_the_front(place: Any) -> Any:
    """The type of a place which is not counted from the end, so that nobody asks its sign."""
    parts: Any = place
    if isinstance(place, types.BaseTuple):
        return types.Tuple([_from_the_front(each) for each in parts])
    return types.uint64 if _is_whole(place) else place


@register_pass(mutates_CFG=True, analysis_only=False)
class _Inference(typed_passes.NopythonTypeInference):
    """Numba's inference of types with answers that are kept."""

    _name = "headgate_inference"

    def run_pass(self, state: Any) -> bool:
        """Ask what has not been asked."""
        context = state.typingctx
        state.typingctx = _Types(context)
        try:
            return bool(super().run_pass(state))
        finally:
            state.typingctx = context


class Outer(compiler.CompilerBase):
    """Compiles the function that Python calls, with all that it calls."""

    lowering: type[typed_passes.NativeLowering] = _WholeLowering

    def compile_extra(self, function: Any) -> Any:
        """Compile while no garbage is looked for: there is little of it among much that stays."""
        with undisturbed():
            return super().compile_extra(function)

    def define_pipelines(self) -> list[Any]:
        """The passes without which no code comes of it."""
        manager = PassManager("headgate")
        for each in (
            untyped_passes.TranslateByteCode,
            untyped_passes.FixupArgs,
            untyped_passes.IRProcessing,
            untyped_passes.ReconstructSSA,
            _Inference,
            typed_passes.PreLowerStripPhis,
            self.lowering,
            typed_passes.NoPythonBackend,
        ):
            manager.add_pass(each, each.__name__)
        manager.finalize()
        return [manager]


class Inner(Outer):
    """Compiles a function that only compiled functions call."""

    lowering = _PartLowering

"""Patterns of the integer stream: a product and what follows it become one call.

``BnnPatches``, the product and ``BnnStream`` become a layer that reads the patches where they lie and stores
no accumulators. Where only the bits of its values are read, it stores bits and no values. Samples that are
transposed only to become bytes are read as they come. Integer scores become their map row by row, and the
product of map and values becomes bits, without a transposition of the values.
"""

from __future__ import annotations

from tvm import relax
from tvm.ir import GenericConst, Var

from sensor_bnn.compiler.kernels.bnn_scores_map import MAX_KEYS
from sensor_bnn.compiler.kernels.int_context import MAX_TOKENS
from sensor_bnn.compiler.matches import Made, Match, Uses, is_call, operands_of, operator_of, sizes_of
from sensor_bnn.onnx.packing import WORD_BITS

PATCHES, BITS, BYTES = "BnnPatches", "BnnMatMul", "BnnIntLinear"
STREAM, SUM, PACK = "BnnStream", "BnnStreamAdd", "BnnPack"
TURNED_BYTES = "sensor_bnn.Transpose + BnnQuantize"
INT_SCORES_MAP = "sensor_bnn.BnnMatMul + BnnIntAttentionMap"
CONTEXT = "sensor_bnn.BnnTranspose + BnnBoolMatMul + BnnPack"

_GRID_NUMBERS = 8


def stream_layer_name(product: str, *, patches: bool, residual: bool, packed: bool) -> str:
    """Return the name of the call that a layer becomes."""
    before, after = [PATCHES] * patches, [PACK] * packed
    return f"sensor_bnn.{' + '.join([*before, product, SUM if residual else STREAM, *after])}"


def match_stream(value: relax.Expr, made: Made, uses: Uses) -> Match | None:
    """Return the call that replaces an operator and those before it, or None."""
    match operator_of(value):
        case "BnnStream" | "BnnStreamAdd":
            return _layer(value, made, uses, [])
        case "BnnPack":
            return _bits(value, made, uses) or _context(value, made, uses)
        case "BnnQuantize":
            return _bytes(value, made, uses)
        case "BnnIntAttentionMap":
            return _scores_map(value, made, uses)
    return None


def _product(acc: relax.Expr, made: Made, uses: Uses) -> relax.Expr | None:
    """Return the product of two matrices that nothing else reads, or None."""
    product = made.get(acc) if isinstance(acc, Var) and uses[acc] == 1 else None
    if product is None or operator_of(product) not in (BITS, BYTES) or len(product.ty.shape) != 2:
        return None
    return product


def _layer(value: relax.Expr, made: Made, uses: Uses, threshold: list[relax.Expr]) -> Match | None:
    """Match the stream of a product, whose bits are stored if a threshold is given."""
    residual = operator_of(value) == SUM
    acc, *operands = operands_of(value)
    product = _product(acc, made, uses)
    if product is None:
        return None
    added = [operands.pop(0)] if residual else []
    scale, bias, slope, *shifts = operands
    x, w, *K = operands_of(product)
    patches = made.get(x) if isinstance(x, Var) else None
    cut = patches is not None and operator_of(patches) == PATCHES
    if cut:  # They are read from their source, even if another operator needs them as a tensor.
        x, *grid = operands_of(patches)
    else:
        tokens = sizes_of(x)[0]
        grid = [relax.prim_value(size) for size in (1, tokens, *[1] * (_GRID_NUMBERS - 2))]
    name = stream_layer_name(operator_of(product), patches=cut, residual=residual, packed=bool(threshold))
    return Match(acc, name, (x, w, scale, bias, slope, *added, *threshold, *grid, *K, *shifts))


def _bits(value: relax.Expr, made: Made, uses: Uses) -> Match | None:
    """Match the bits of the stream of a product, if nothing else reads its values."""
    rows, threshold = operands_of(value)
    stream = made.get(rows) if isinstance(rows, Var) and uses[rows] == 1 else None
    if stream is None or operator_of(stream) not in (STREAM, SUM):
        return None
    match = _layer(stream, made, uses, [threshold])
    if match is None or sizes_of(match.var)[1] != sizes_of(rows)[1]:
        return None
    return match


def _context(value: relax.Expr, made: Made, uses: Uses) -> Match | None:
    """Match the bits of an integer attention map times values, if each head fills whole words."""

    def maker(var: relax.Expr) -> relax.Expr | None:
        return made.get(var) if isinstance(var, Var) and uses[var] == 1 else None

    rows, threshold = operands_of(value)
    merged = maker(rows)
    if merged is None or not is_call(merged, "relax.reshape") or not isinstance(threshold, GenericConst):
        return None
    turned = maker(merged.args[0])
    if turned is None or not is_call(turned, "relax.permute_dims"):
        return None
    context = turned.args[0]
    product = maker(context)
    if product is None or operator_of(product) != "BnnBoolMatMul" or len(context.ty.shape) != 3:
        return None
    chosen, columns, K = operands_of(product)
    maps, values = maker(chosen), maker(columns)
    if maps is None or operator_of(maps) != "BnnIntAttentionMap":
        return None
    if values is None or operator_of(values) != "BnnTranspose":
        return None
    heads, tokens, width = sizes_of(context)
    axes = [int(axis) for axis in turned.attrs.axes or ()]
    if axes != [1, 0, 2] or sizes_of(rows) != [tokens, heads * width]:
        return None
    if width % WORD_BITS or int(K.value) > MAX_TOKENS:
        return None
    return Match(context, CONTEXT, (chosen, operands_of(values)[0], threshold, K))


def _bytes(value: relax.Expr, made: Made, uses: Uses) -> Match | None:
    """Match the bytes of a transposed matrix that nothing else reads."""
    x, *others = operands_of(value)
    turned = made.get(x) if isinstance(x, Var) and uses[x] == 1 else None
    if not is_call(turned, "relax.permute_dims") or len(x.ty.shape) != 2:
        return None
    assert turned is not None
    if turned.attrs.axes is not None and [int(axis) for axis in turned.attrs.axes] != [1, 0]:
        return None
    return Match(x, TURNED_BYTES, (turned.args[0], *others))


def _scores_map(value: relax.Expr, made: Made, uses: Uses) -> Match | None:
    """Match a map of scores that nothing else reads."""
    scores, *constants = operands_of(value)
    product = made.get(scores) if isinstance(scores, Var) and uses[scores] == 1 else None
    if product is None or operator_of(product) != BITS or len(product.ty.shape) != 3:
        return None
    left, right, _ = operands_of(product)
    if sizes_of(right)[1] > MAX_KEYS:
        return None
    return Match(scores, INT_SCORES_MAP, (left, right, *constants))

"""The operators of version 2 of the domain: integers from the sample to the class.

Their ONNX functions compute with float64, in which every integer that can occur is exact: stock runtimes have
few integer kernels, a division by a power of two followed by Floor is the arithmetic shift, and MatMulInteger
saturates its 16-bit sums on some processors.
"""

from __future__ import annotations

import numpy as np

from sensor_bnn.nn.window import FLAT, LOG_STEPS, POWER_BITS, SQUARES, power_of_fraction
from sensor_bnn.onnx import reference_int as reference
from sensor_bnn.onnx.domain import (
    BYTE,
    INT,
    INTEGERS_SINCE,
    MAX_MAP_COLUMNS,
    SHIFTS,
    SHORT,
    SIZES,
    WORD,
    Operator,
    TensorType,
    need,
    packed,
    typed,
    vector,
)
from sensor_bnn.onnx.functions import ENTRIES, LAST, LENGTH, PLACES, pack, unpack
from sensor_bnn.onnx.packing import words_for

MAX_TERMS = 2**16
"""The most products of two bytes in one sum: at most 2**14 each, so the sum plus a half step fits int32."""
MAX_WINDOW = 16384
"""The most tokens of a window: a sample times their number, less their sum, is at most 2**30."""
MAX_TOKENS = 32767
"""The most tokens of one sum of int16 values: twice the sum, which a mean needs, fits int32."""

GAINS = range(1, 1 << 13)
"""The values of a gain in 256ths of a doubling."""
_QUANTIZED = (np.dtype(np.uint8), BYTE, SHORT, INT)


def _grid(X: TensorType, rows: int, columns: int) -> None:
    tokens = X.shape[0]
    need(tokens == rows * columns, f"X is {X}, but a grid of {rows} x {columns} has {rows * columns} tokens")


def _patches_shape(
    X: TensorType,
    *,
    rows: int,
    columns: int,
    kernel_rows: int,
    kernel_columns: int,
    stride_rows: int,
    stride_columns: int,
    dilation_rows: int,
    dilation_columns: int,
) -> TensorType:
    need(X.dtype in (WORD, BYTE), f"X is {X}, neither uint32 nor int8")
    typed("X", X, X.dtype, 2)
    _grid(X, rows, columns)
    up, _ = reference.same_side(rows, kernel_rows, stride_rows, dilation_rows)
    across, _ = reference.same_side(columns, kernel_columns, stride_columns, dilation_columns)
    return TensorType(X.dtype, (up * across, kernel_rows * kernel_columns * X.shape[1]))


def _int_linear_shape(X: TensorType, W: TensorType) -> TensorType:
    typed("X", X, BYTE, 2)
    typed("W", W, BYTE, 2)
    need(X.shape[1] == W.shape[1], f"the last axes of X, {X}, and W, {W}, differ")
    need(X.shape[1] <= MAX_TERMS, f"a sum has {X.shape[1]} terms, more than {MAX_TERMS}")
    return TensorType(INT, (X.shape[0], W.shape[0]))


def _stream_shape(
    acc: TensorType, scale: TensorType, bias: TensorType, slope: TensorType, *, pre: int, shift: int
) -> TensorType:
    typed("acc", acc, INT, 2)
    typed("scale", scale, SHORT, 1)
    outputs = scale.shape[0]
    vector("bias", bias, SHORT, outputs)
    vector("slope", slope, SHORT, 1 if slope.shape == (1,) else outputs)
    _repeats("acc", acc, outputs)
    return TensorType(SHORT, (acc.shape[0], outputs))


def _repeats(name: str, tensor: TensorType, outputs: int) -> None:
    channels = tensor.shape[1]
    need(
        channels > 0 and outputs % channels == 0,
        f"the {channels} channels of {name} do not divide the {outputs} outputs",
    )


def _stream_add_shape(
    acc: TensorType,
    X: TensorType,
    scale: TensorType,
    bias: TensorType,
    slope: TensorType,
    *,
    pre: int,
    shift: int,
) -> TensorType:
    result = _stream_shape(acc, scale, bias, slope, pre=pre, shift=shift)
    typed("X", X, SHORT, 2)
    need(
        X.shape[0] in (1, acc.shape[0]),
        f"acc is {acc} and X is {X}, but X must have one token, or as many as acc",
    )
    _repeats("X", X, result.shape[1])
    return result


def _quantize_shape(
    X: TensorType, scale: TensorType, bias: TensorType, *, pre: int, shift: int
) -> TensorType:
    need(X.dtype in _QUANTIZED, f"X is {X}, not of type uint8, int8, int16 or int32")
    typed("X", X, X.dtype, 1, at_least=True)
    vector("scale", scale, SHORT, X.shape[-1])
    vector("bias", bias, INT, X.shape[-1])
    return TensorType(BYTE, X.shape)


def _average_pool_shape(
    X: TensorType, *, rows: int, columns: int, group_rows: int, group_columns: int
) -> TensorType:
    typed("X", X, SHORT, 2)
    _grid(X, rows, columns)
    tokens = min(group_rows, rows) * min(group_columns, columns)
    need(tokens <= MAX_TOKENS, f"a group has {tokens} tokens, more than {MAX_TOKENS}")
    return TensorType(SHORT, (-(-rows // group_rows) * -(-columns // group_columns), X.shape[1]))


def _few_tokens(name: str, tensor: TensorType) -> None:
    tokens = tensor.shape[0]
    need(tokens <= MAX_TOKENS, f"{name} has {tokens} tokens, more than {MAX_TOKENS}")


def _window(X: TensorType) -> None:
    need(X.dtype in (np.dtype(np.uint8), SHORT), f"X is {X}, neither uint8 nor int16")
    typed("X", X, X.dtype, 2)
    need(X.shape[0] <= MAX_WINDOW, f"X has {X.shape[0]} tokens, more than {MAX_WINDOW}")


def _window_moments_shape(X: TensorType) -> TensorType:
    _window(X)
    return TensorType(SHORT, (1, 2 * X.shape[1]))


def _window_normalize_shape(X: TensorType, M: TensorType, *, gain: int) -> TensorType:
    _window(X)
    wanted = _window_moments_shape(X)
    need(wanted == M, f"M is {M}, but must be {wanted}")
    return TensorType(SHORT, X.shape)


def _token_sum_shape(X: TensorType) -> TensorType:
    typed("X", X, SHORT, 2)
    _few_tokens("X", X)
    return TensorType(INT, (1, X.shape[1]))


def _token_max_shape(X: TensorType) -> TensorType:
    typed("X", X, SHORT, 2)
    return TensorType(SHORT, (1, X.shape[1]))


def _token_count_shape(Xp: TensorType, *, K: int) -> TensorType:
    packed("Xp", Xp, K, 2, at_least=False)
    _few_tokens("Xp", Xp)
    return TensorType(INT, (1, K))


def _int_attention_map_shape(S: TensorType, table: TensorType, ratio: TensorType, *, K: int) -> TensorType:
    typed("S", S, INT, 3)
    heads, rows, columns = S.shape
    need(table == TensorType(INT, (heads, K + 1)), f"table is {table}, but must be int32[{heads}, {K + 1}]")
    vector("ratio", ratio, INT, heads)
    need(columns <= MAX_MAP_COLUMNS, f"S has {columns} columns, more than {MAX_MAP_COLUMNS}")
    return TensorType(WORD, (heads, rows, words_for(columns)))


# Pieces of ONNX text. Types by number: 3 is int8, 5 int16, 6 int32, 7 int64, 11 float64, 13 uint64.

_NUMBERS = """
zero = Constant <value_int: int = 0> ()
unit = Constant <value_int: int = 1> ()
"""
_SHORT_ENDS = """
lowest = Constant <value = double {-32768}> ()
highest = Constant <value = double {32767}> ()
"""


def _attribute(*names: str) -> str:
    """Text that makes each attribute an int64 number of its own name."""
    return "".join(f"{name} = Constant <value_int: int = @{name}> ()\n" for name in names)


def _step(*shifts: str) -> str:
    """Text that makes ``2 ** shift`` of each attribute, ``{shift}_step``, and ``{shift}_half``, float64."""
    return """
    one_bit = Constant <value = uint64 {1}> ()
    two = Constant <value = double {2}> ()
    """ + "".join(
        f"""
        {_attribute(shift)}
        {shift}_bits = Cast <to = 13> ({shift})
        {shift}_power = BitShift <direction = "LEFT"> (one_bit, {shift}_bits)
        {shift}_step = Cast <to = 11> ({shift}_power)
        {shift}_halves = Div ({shift}_step, two)
        {shift}_half = Floor ({shift}_halves)
        """
        for shift in shifts
    )


def _rounded(x: str, shift: str, y: str) -> str:
    """Text that shifts float64 integers ``x`` to the right and rounds to nearest: ``y``."""
    return f"""
    {y}_sum = Add ({x}, {shift}_half)
    {y}_quotient = Div ({y}_sum, {shift}_step)
    {y} = Floor ({y}_quotient)
    """


def _doubles(*names: str) -> str:
    """Text that makes each tensor float64: ``{name}_double``."""
    return "".join(f"{name}_double = Cast <to = 11> ({name})\n" for name in names)


def _repeated(x: str) -> str:
    """Text that repeats the channels of ``{x}_double`` as often as ``scale`` needs: ``{x}_all``."""
    return f"""
    {x}_channels = Shape <start = 1> ({x})
    {x}_times = Div (outputs, {x}_channels)
    {x}_repeats = Concat <axis = 0> (one_row, {x}_times)
    {x}_all = Tile ({x}_double, {x}_repeats)
    """


_STREAM_START = f"""
one_row = Constant <value_ints: ints = [1]> ()
outputs = Shape (scale)
{_SHORT_ENDS}
{_doubles("acc", "scale", "bias", "slope")}
{_step("pre", "shift")}
{_repeated("acc")}
{_rounded("acc_all", "pre", "large")}
a = Clip (large, lowest, highest)
product = Mul (a, scale_double)
{_rounded("product", "shift", "scaled")}
biased = Add (scaled, bias_double)
"""
# One of the two summands of the result is 0: half a step of the slope alone is less than a step.
_STREAM_END = f"""
h = Clip (sum, lowest, highest)
slope_half = Constant <value = double {{{2 ** (reference.SLOPE_BITS - 1)}}}> ()
slope_step = Constant <value = double {{{2**reference.SLOPE_BITS}}}> ()
nothing = Constant <value = double {{0}}> ()
positive = Max (h, nothing)
below = Min (h, nothing)
sloped = Mul (below, slope_double)
{_rounded("sloped", "slope", "bent")}
negative = Clip (bent, lowest, highest)
result = Add (positive, negative)
Y = Cast <to = 5> (result)
"""


def _taps(side: str) -> str:
    """Text that makes the tokens along one side under a kernel: ``{side}_tap`` ``[side', kernel]``.

    ``{side}_inside`` tells which are on the grid; the others are 0. ``{side}_places`` is side'.
    """
    kernel, stride, dilation = (f"{what}_{side}" for what in ("kernel", "stride", "dilation"))
    return f"""
    {_attribute(side, kernel, stride, dilation)}
    {side}_up = Add ({side}, {stride})
    {side}_over = Sub ({side}_up, unit)
    {side}_places = Div ({side}_over, {stride})
    {side}_last_place = Sub ({side}_places, unit)
    {side}_way = Mul ({side}_last_place, {stride})
    {side}_last_tap = Sub ({kernel}, unit)
    {side}_reach = Mul ({side}_last_tap, {dilation})
    {side}_span = Add ({side}_way, {side}_reach)
    {side}_used = Add ({side}_span, unit)
    {side}_more = Sub ({side}_used, {side})
    {side}_missing = Max ({side}_more, zero)
    {side}_before = Div ({side}_missing, pair)
    {side}_place = Range (zero, {side}_places, unit)
    {side}_start = Mul ({side}_place, {stride})
    {side}_shifted = Sub ({side}_start, {side}_before)
    {side}_column = Unsqueeze ({side}_shifted, second)
    {side}_number = Range (zero, {kernel}, unit)
    {side}_distance = Mul ({side}_number, {dilation})
    {side}_any = Add ({side}_column, {side}_distance)
    {side}_from = GreaterOrEqual ({side}_any, zero)
    {side}_to = Less ({side}_any, {side})
    {side}_inside = And ({side}_from, {side}_to)
    {side}_tap = Where ({side}_inside, {side}_any, zero)
    """


def _groups(side: str) -> str:
    """Text that cuts one side into groups: their size, their number, the rest that is missing, their counts.

    The size ``{side}_size`` is at most the side, so that what is missing is less than the side.
    """
    return f"""
    {_attribute(side, f"group_{side}")}
    {side}_size = Min (group_{side}, {side})
    {side}_up = Add ({side}, {side}_size)
    {side}_over = Sub ({side}_up, unit)
    {side}_groups = Div ({side}_over, {side}_size)
    {side}_whole = Mul ({side}_groups, {side}_size)
    {side}_missing = Sub ({side}_whole, {side})
    {side}_group = Range (zero, {side}_groups, unit)
    {side}_start = Mul ({side}_group, {side}_size)
    {side}_left = Sub ({side}, {side}_start)
    {side}_count = Min ({side}_left, {side}_size)
    """


_POWERS = ", ".join(str(1 << bit) for bit in range(31))
_HALVES = ", ".join(str(1 << bit >> 1) for bit in range(31))
_CENTRED = f"""
first = Constant <value_ints: ints = [0]> ()
powers = Constant <value = double[31] {{{_POWERS}}}> ()
halves = Constant <value = double[31] {{{_HALVES}}}> ()
{_doubles("X")}
n_long = Shape <end = 1> (X)
n = Cast <to = 11> (n_long)
total = ReduceSum <keepdims = 1> (X_double, first)
whole = Mul (X_double, n)
centred = Sub (whole, total)
"""
"""Text that makes ``centred``: the tokens times their number, less their sum, float64."""

_POWERS_OF_FRACTIONS = ", ".join(map(str, power_of_fraction(np.arange(LOG_STEPS)).tolist()))


def _log_bit(step: int) -> str:
    """Text of one squaring: from ``mantissa{step}`` and ``fraction{step}`` to those of the next step."""
    after = step + 1
    return f"""
    product{step} = Mul (mantissa{step}, mantissa{step})
    reduced{step} = Div (product{step}, mantissa_one)
    square{step} = Floor (reduced{step})
    above{step} = GreaterOrEqual (square{step}, mantissa_two)
    bit{step} = Cast <to = 11> (above{step})
    divisor{step} = Add (bit{step}, one)
    halved{step} = Div (square{step}, divisor{step})
    mantissa{after} = Floor (halved{step})
    doubled{step} = Add (fraction{step}, fraction{step})
    fraction{after} = Add (doubled{step}, bit{step})
    """


def _shape(name: str, *sizes: str) -> str:
    """Text that joins int64 numbers to a shape; ``last`` in it is a vector already, -1."""
    parts = [f"{name}_{place}" if size != "last" else size for place, size in enumerate(sizes)]
    return "".join(
        f"{part} = Reshape ({size}, last)\n" for part, size in zip(parts, sizes, strict=True) if size != part
    ) + (f"{name} = Concat <axis = 0> ({', '.join(parts)})\n")


INTEGER_OPERATORS = (
    Operator(
        name="BnnPatches",
        inputs=("X",),
        output="Y",
        attributes={
            f"{what}{side}": SIZES
            for what in ("", "kernel_", "stride_", "dilation_")
            for side in ("rows", "columns")
        },
        shape=_patches_shape,
        reference=reference.bnn_patches,
        # A tap outside the grid reads one more token, which is zeros.
        body=f"""
        {LAST}{_NUMBERS}
        pair = Constant <value_int: int = 2> ()
        second = Constant <value_ints: ints = [1]> ()
        {_taps("rows")}
        {_taps("columns")}
        rows_axes = Constant <value_ints: ints = [1, 3]> ()
        columns_axes = Constant <value_ints: ints = [0, 2]> ()
        row_first = Mul (rows_tap, columns)
        row_grid = Unsqueeze (row_first, rows_axes)
        column_grid = Unsqueeze (columns_tap, columns_axes)
        token = Add (row_grid, column_grid)
        row_inside = Unsqueeze (rows_inside, rows_axes)
        column_inside = Unsqueeze (columns_inside, columns_axes)
        inside = And (row_inside, column_inside)
        outside = Mul (rows, columns)
        index = Where (inside, token, outside)
        pads = Constant <value_ints: ints = [0, 0, 1, 0]> ()
        X_more = Pad (X, pads)
        taken = Gather <axis = 0> (X_more, index)
        places = Mul (rows_places, columns_places)
        {_shape("shape", "places", "last")}
        Y = Reshape (taken, shape)
        """,
        since=INTEGERS_SINCE,
    ),
    Operator(
        name="BnnIntLinear",
        inputs=("X", "W"),
        output="Y",
        attributes={},
        shape=_int_linear_shape,
        reference=reference.bnn_int_linear,
        body=f"""
        {_doubles("X", "W")}
        turned = Transpose <perm = [1, 0]> (W_double)
        product = MatMul (X_double, turned)
        Y = Cast <to = 6> (product)
        """,
        since=INTEGERS_SINCE,
    ),
    Operator(
        name="BnnStream",
        inputs=("acc", "scale", "bias", "slope"),
        output="Y",
        attributes={"pre": SHIFTS, "shift": SHIFTS},
        shape=_stream_shape,
        reference=reference.bnn_stream,
        body=f"""
        {_STREAM_START}
        sum = Identity (biased)
        {_STREAM_END}
        """,
        since=INTEGERS_SINCE,
    ),
    Operator(
        name="BnnStreamAdd",
        inputs=("acc", "X", "scale", "bias", "slope"),
        output="Y",
        attributes={"pre": SHIFTS, "shift": SHIFTS},
        shape=_stream_add_shape,
        reference=reference.bnn_stream_add,
        body=f"""
        {_STREAM_START}
        {_doubles("X")}
        {_repeated("X")}
        sum = Add (biased, X_all)
        {_STREAM_END}
        """,
        since=INTEGERS_SINCE,
    ),
    Operator(
        name="BnnQuantize",
        inputs=("X", "scale", "bias"),
        output="Y",
        attributes={"pre": SHIFTS, "shift": SHIFTS},
        shape=_quantize_shape,
        reference=reference.bnn_quantize,
        body=f"""
        {_SHORT_ENDS}
        {_doubles("X", "scale", "bias")}
        {_step("pre", "shift")}
        {_rounded("X_double", "pre", "large")}
        a = Clip (large, lowest, highest)
        product = Mul (a, scale_double)
        sum = Add (product, bias_double)
        quotient = Div (sum, shift_step)
        whole = Floor (quotient)
        least = Constant <value = double {{-127}}> ()
        most = Constant <value = double {{127}}> ()
        byte = Clip (whole, least, most)
        Y = Cast <to = 3> (byte)
        """,
        since=INTEGERS_SINCE,
    ),
    Operator(
        name="BnnAveragePool",
        inputs=("X",),
        output="Y",
        attributes=dict.fromkeys(("rows", "columns", "group_rows", "group_columns"), SIZES),
        shape=_average_pool_shape,
        reference=reference.bnn_average_pool,
        body=f"""
        {LAST}{_NUMBERS}
        {_groups("rows")}
        {_groups("columns")}
        {_doubles("X")}
        {_shape("grid_shape", "rows", "columns", "last")}
        grid = Reshape (X_double, grid_shape)
        {_shape("pads", "zero", "zero", "zero", "rows_missing", "columns_missing", "zero")}
        padded = Pad (grid, pads)
        {_shape("groups_shape", "rows_groups", "rows_size", "columns_groups", "columns_size", "last")}
        groups = Reshape (padded, groups_shape)
        inner = Constant <value_ints: ints = [1, 3]> ()
        total = ReduceSum <keepdims = 0> (groups, inner)
        rows_axes = Constant <value_ints: ints = [1, 2]> ()
        columns_axes = Constant <value_ints: ints = [1]> ()
        row_count = Unsqueeze (rows_count, rows_axes)
        column_count = Unsqueeze (columns_count, columns_axes)
        count_long = Mul (row_count, column_count)
        n = Cast <to = 11> (count_long)
        twice_total = Add (total, total)
        dividend = Add (twice_total, n)
        divisor = Add (n, n)
        quotient = Div (dividend, divisor)
        mean = Floor (quotient)
        channels = Shape <start = 1> (X)
        shape = Concat <axis = 0> (last, channels)
        tokens = Reshape (mean, shape)
        Y = Cast <to = 5> (tokens)
        """,
        since=INTEGERS_SINCE,
    ),
    Operator(
        name="BnnTokenSum",
        inputs=("X",),
        output="Y",
        attributes={},
        shape=_token_sum_shape,
        reference=reference.bnn_token_sum,
        body="""
        first = Constant <value_ints: ints = [0]> ()
        long = Cast <to = 6> (X)
        Y = ReduceSum <keepdims = 1> (long, first)
        """,
        since=INTEGERS_SINCE,
    ),
    Operator(
        name="BnnTokenMax",
        inputs=("X",),
        output="Y",
        attributes={},
        shape=_token_max_shape,
        reference=reference.bnn_token_max,
        body="""
        first = Constant <value_ints: ints = [0]> ()
        long = Cast <to = 6> (X)
        largest = ReduceMax <keepdims = 1> (long, first)
        Y = Cast <to = 5> (largest)
        """,
        since=INTEGERS_SINCE,
    ),
    Operator(
        name="BnnTokenCount",
        inputs=("Xp",),
        output="Y",
        attributes={"K": SIZES},
        shape=_token_count_shape,
        reference=reference.bnn_token_count,
        body=f"""
        {LAST}{LENGTH}{PLACES}
        {unpack("Xp")}
        count = ReduceSum <keepdims = 1> (Xp_bits, first)
        Y = Cast <to = 6> (count)
        """,
        since=INTEGERS_SINCE,
    ),
    Operator(
        name="BnnIntAttentionMap",
        inputs=("S", "table", "ratio"),
        output="Pp",
        attributes={"K": SIZES},
        shape=_int_attention_map_shape,
        reference=reference.bnn_int_attention_map,
        body=f"""
        {LAST}
        {ENTRIES}
        e_long = Cast <to = 7> (e)
        unit = Constant <value_int: int = {2**reference.RATIO_BITS}> ()
        share = Mul (e_long, unit)
        total_long = Cast <to = 7> (total)
        ratio_long = Cast <to = 7> (ratio)
        ratio_column = Unsqueeze (ratio_long, inner)
        limit = Mul (ratio_column, total_long)
        bits = GreaterOrEqual (share, limit)
        {pack("bits", "Pp")}
        """,
        since=INTEGERS_SINCE,
    ),
    Operator(
        name="BnnWindowMoments",
        inputs=("X",),
        output="Y",
        attributes={},
        shape=_window_moments_shape,
        reference=reference.bnn_window_moments,
        body=f"""
        {_CENTRED}
        twice = Add (total, total)
        dividend = Add (twice, n)
        divisor = Add (n, n)
        quotient = Div (dividend, divisor)
        mean = Floor (quotient)
        magnitude = Abs (centred)
        most = ReduceMax <keepdims = 1> (magnitude, first)
        one = Constant <value = double {{1}}> ()
        largest_sum = Constant <value = double {{{2**30}}}> ()
        share = Div (largest_sum, n)
        whole_share = Floor (share)
        root = Sqrt (whole_share)
        limit = Floor (root)
        column = Constant <value_ints: ints = [31, 1]> ()
        power_column = Reshape (powers, column)
        half_column = Reshape (halves, column)
        tried_sum = Add (most, half_column)
        tried_quotient = Div (tried_sum, power_column)
        tried = Floor (tried_quotient)
        over = Greater (tried, limit)
        over_long = Cast <to = 7> (over)
        small = ReduceSum <keepdims = 1> (over_long, first)
        power = Gather (powers, small)
        half = Gather (halves, small)
        moved = Add (centred, half)
        divided = Div (moved, power)
        a = Floor (divided)
        a_square = Mul (a, a)
        squares = ReduceSum <keepdims = 1> (a_square, first)
        reached = GreaterOrEqual (squares, power_column)
        reached_long = Cast <to = 7> (reached)
        bits = ReduceSum <keepdims = 1> (reached_long, first)
        one_long = Constant <value_int: int = 1> ()
        zero_long = Constant <value_int: int = 0> ()
        place_any = Sub (bits, one_long)
        place = Max (place_any, zero_long)
        last_place = Constant <value_int: int = 30> ()
        lift = Sub (last_place, place)
        lift_power = Gather (powers, lift)
        lifted = Mul (squares, lift_power)
        mantissa_one = Constant <value = double {{{2**15}}}> ()
        mantissa_two = Constant <value = double {{{2**16}}}> ()
        lifted_quotient = Div (lifted, mantissa_one)
        mantissa0 = Floor (lifted_quotient)
        fraction0 = Sub (mantissa0, mantissa0)
        {"".join(map(_log_bit, range(SQUARES)))}
        place_steps = Constant <value = double {{{LOG_STEPS // 2}}}> ()
        small_steps = Constant <value = double {{{LOG_STEPS}}}> ()
        {_doubles("place", "small")}
        place_log = Mul (place_double, place_steps)
        small_log = Mul (small_double, small_steps)
        both = Add (place_log, small_log)
        changing = Add (both, fraction{SQUARES})
        flat = Constant <value = double {{{FLAT}}}> ()
        changes = GreaterOrEqual (squares, one)
        log = Where (changes, changing, flat)
        joined = Concat <axis = 1> (mean, log)
        Y = Cast <to = 5> (joined)
        """,
        since=INTEGERS_SINCE,
    ),
    Operator(
        name="BnnWindowNormalize",
        inputs=("X", "M"),
        output="Y",
        attributes={"gain": GAINS},
        shape=_window_normalize_shape,
        reference=reference.bnn_window_normalize,
        body=f"""
        {_CENTRED}
        {_SHORT_ENDS}
        {_doubles("M")}
        second = Constant <value_ints: ints = [1]> ()
        channels = Shape <start = 1> (X)
        both = Add (channels, channels)
        log = Slice (M_double, channels, both, second)
        {_attribute("gain")}
        {_doubles("gain")}
        steps = Constant <value = double {{{LOG_STEPS}}}> ()
        power = Sub (gain_double, log)
        power_quotient = Div (power, steps)
        doublings = Floor (power_quotient)
        below = Mul (doublings, steps)
        fraction_double = Sub (power, below)
        fraction = Cast <to = 7> (fraction_double)
        factors = Constant <value = double[{LOG_STEPS}] {{{_POWERS_OF_FRACTIONS}}}> ()
        factor = Gather (factors, fraction)
        none = Constant <value = double {{0}}> ()
        most_right = Constant <value = double {{30}}> ()
        most_left = Constant <value = double {{15}}> ()
        opposite = Neg (doublings)
        right_double = Clip (opposite, none, most_right)
        left_double = Clip (doublings, none, most_left)
        right = Cast <to = 7> (right_double)
        left = Cast <to = 7> (left_double)
        right_power = Gather (powers, right)
        right_half = Gather (halves, right)
        left_power = Gather (powers, left)
        moved = Add (centred, right_half)
        divided = Div (moved, right_power)
        near_any = Floor (divided)
        near = Clip (near_any, lowest, highest)
        raised = Mul (near, left_power)
        a = Clip (raised, lowest, highest)
        product = Mul (a, factor)
        factor_half = Constant <value = double {{{2 ** (POWER_BITS - 1)}}}> ()
        factor_one = Constant <value = double {{{2**POWER_BITS}}}> ()
        product_sum = Add (product, factor_half)
        product_quotient = Div (product_sum, factor_one)
        scaled = Floor (product_quotient)
        y = Clip (scaled, lowest, highest)
        Y = Cast <to = 5> (y)
        """,
        since=INTEGERS_SINCE,
    ),
)
"""The operators that version 2 added, in the order of the specification."""

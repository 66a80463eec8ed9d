"""Binary linear layer with float outputs, by the loop that counts bits: rows and outputs that share loads."""

from tvm import s_tir

from sensor_bnn.compiler.kernels import built
from sensor_bnn.compiler.kernels.bnn_linear import END, bnn_linear, bnn_linear_residual
from sensor_bnn.compiler.kernels.popcount import UNROLLED_WORDS
from sensor_bnn.compiler.schedules.space import Space, Tile
from sensor_bnn.onnx.packing import words_for

_MOST_ROWS = 4
_MOST_OUTPUTS = 4


def linear_space(M: int, N: int, K: int, *, residual: bool) -> Space | None:
    """Return the space of ``kernels.bnn_linear``'s kernels, or None if a row is too long for one expression.

    Its parameters are ``rows`` and ``outputs`` of the tile.
    """
    if words_for(K) > UNROLLED_WORDS:
        return None

    def schedule(sch: s_tir.Schedule, tile: Tile) -> None:
        i, j = sch.get_loops(sch.get_sblock(END))
        i, row = sch.split(i, tile("rows", i, _MOST_ROWS))
        j, output = sch.split(j, tile("outputs", j, _MOST_OUTPUTS))
        sch.reorder(i, j, row, output)
        sch.unroll(row)
        sch.unroll(output)

    build = bnn_linear_residual if residual else bnn_linear
    return Space(built(build, M, N, K), END, schedule, {"rows": 1, "outputs": 1})

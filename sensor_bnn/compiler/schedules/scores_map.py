"""Attention map by the loop in TIR: the keys that are unrolled."""

from tvm import s_tir

from sensor_bnn.compiler.kernels import built
from sensor_bnn.compiler.kernels.bnn_scores_map import COUNT, bnn_scores_map
from sensor_bnn.compiler.schedules.space import Space, Tile

_MOST_KEYS = 13


def scores_map_space(H: int, M: int, N: int, K: int) -> Space:
    """Return the space of ``kernels.bnn_scores_map``'s kernel; the arguments are the same."""

    def schedule(sch: s_tir.Schedule, tile: Tile) -> None:
        loop = sch.get_loops(sch.get_sblock(COUNT))[-1]
        _, key = sch.split(loop, tile("keys", loop, _MOST_KEYS))
        sch.unroll(key)

    return Space(built(bnn_scores_map, H, M, N, K), COUNT, schedule, {"keys": 1})

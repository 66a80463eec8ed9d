"""MetaSchedule's search of schedule spaces, with a board that is a formula."""

import math

import pytest

from sensor_bnn.compiler.kernels.dense import Patches, Stored
from sensor_bnn.compiler.schedules.dense import dense_space
from sensor_bnn.compiler.schedules.linear import linear_space
from sensor_bnn.compiler.schedules.mean_rows import mean_rows_space
from sensor_bnn.compiler.targets import find_target
from sensor_bnn.errors import BoardError
from sensor_bnn.tuning.search import every_point, search_schedules, size_of

M7 = find_target("cortex-m7")
FLOATS = Stored("float32", "float32", "float32", "float32")
SPACES = {
    "dense": dense_space(Patches(1, 1, 1, 24, 24), 48, 1, FLOATS, "float32"),
    "mean": mean_rows_space(24, 48),
}
BEST = {"rows": 4, "columns": 6, "terms": 3}


def cost_of(point) -> int:
    """A count that is lowest at ``BEST`` and grows with the distance from it."""
    return 1000 + sum(int(100 * abs(math.log2(size / BEST[name]))) for name, size in point.items())


class Board:
    """Counts by the formula, and records the trials."""

    def __init__(self, count=cost_of) -> None:
        self.images: list[list[tuple[str, dict[str, int]]]] = []
        self._count = count

    def count(self, trials):
        self.images.append([(trial.workload, dict(trial.choice.schedule)) for trial in trials])
        return [self._count(trial.choice.schedule) for trial in trials]

    def tried(self, workload) -> list[dict[str, int]]:
        return [point for image in self.images for name, point in image if name == workload]


def search(board, spaces=SPACES, trials=32, seed=1):
    search_schedules(spaces, M7, trials, seed, board.count)
    return board


@pytest.mark.usefixtures("long_compile")
def test_the_search_finds_the_best_in_a_part_of_the_space():
    board = search(Board(), trials=48)
    for workload, space in SPACES.items():
        tried = board.tried(workload)
        assert len(tried) == min(48, len({str(point) for point in tried}))
        assert all(point in every_point(space) for point in tried)
    assert size_of(SPACES["dense"]) > 3 * 48
    costs = sorted(map(cost_of, every_point(SPACES["dense"])))
    assert min(map(cost_of, board.tried("dense"))) <= costs[2]


@pytest.mark.usefixtures("long_run")
def test_the_search_repeats_with_the_seed():
    first, again, other = (search(Board(), trials=8, seed=seed) for seed in (3, 3, 4))
    assert first.images == again.images != other.images


@pytest.mark.usefixtures("long_run")
def test_an_image_has_candidates_of_every_layer():
    board = search(Board())
    assert {name for name, _ in board.images[0]} == set(SPACES)
    assert len(board.images) == 4


@pytest.mark.usefixtures("long_run")
def test_wrong_bits_are_no_count():
    def count(point):
        return None if point["rows"] != 1 else cost_of(point)

    board = search(Board(count))
    assert board.tried("dense")
    none = search(Board(lambda point: None))
    assert len(none.tried("dense")) > 1


@pytest.mark.parametrize("error", [BoardError("full", "Take another."), KeyboardInterrupt()])
def test_what_a_board_raises_ends_the_search(error):
    def count(point):
        raise error

    with pytest.raises(type(error)):
        search(Board(count))


def test_a_space_of_two_parameters_is_searched_too():
    space = {"linear": linear_space(24, 48, 64, residual=True)}
    board = search(Board(lambda point: 100 - point["rows"] - point["outputs"]), space, trials=6)
    assert len(board.tried("linear")) == 6

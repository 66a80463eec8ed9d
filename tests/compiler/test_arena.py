"""The arena planner: tensors with overlapping lifetimes never overlap in memory, and little space is lost."""

from hypothesis import given
from hypothesis import strategies as st

from sensor_bnn.compiler.arena import ALIGNMENT, Lifetime, plan_arena

lifetimes = st.lists(
    st.builds(
        lambda size, first, length: Lifetime(size, first, first + length),
        st.integers(1, 5000),
        st.integers(0, 30),
        st.integers(0, 8),
    ),
    max_size=25,
)


@given(lifetimes)
def test_no_two_tensors_that_live_together_overlap(tensors: list[Lifetime]):
    plan = plan_arena(tensors)
    assert len(plan.offsets) == len(tensors)
    spans = list(zip(tensors, plan.offsets, strict=True))
    for place, (tensor, offset) in enumerate(spans):
        assert offset % ALIGNMENT == 0
        assert offset + tensor.size <= plan.size
        for other, other_offset in spans[:place]:
            if tensor.first <= other.last and other.first <= tensor.last:
                assert offset + tensor.size <= other_offset or other_offset + other.size <= offset


@given(lifetimes)
def test_size_is_never_below_what_is_alive_at_once(tensors: list[Lifetime]):
    plan = plan_arena(tensors)
    for step in range(40):
        assert sum(t.size for t in tensors if t.first <= step <= t.last) <= plan.lower_bound <= plan.size


def test_a_chain_of_layers_reaches_the_lower_bound():
    chain = [Lifetime(size, step, step + 1) for step, size in enumerate([640, 1280, 320, 2560, 640, 64])]
    plan = plan_arena(chain)
    assert plan.size == plan.lower_bound == 2560 + 640


def test_nothing_needs_nothing():
    assert plan_arena([]).size == 0

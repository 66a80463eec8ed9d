"""The growth of a kernel's cost with its work: a picture, and where the cost rises."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sensor_bnn.files import replace_file
from sensor_bnn.measure.growth import Rise, Series, per_mac
from sensor_bnn.report.confusion_picture import picture_form

_AXES = ("tokens", "width")


def draw_growth(path: Path, series: Sequence[Series]) -> None:
    """Write a picture: instructions per multiply-add against tokens and against width, a line per series.

    Args:
        path: the picture to write; its suffix gives the format: ``.png``, ``.svg`` or ``.pdf``.
        series: at least one.

    Raises:
        DataError: the format is unknown.
        FileError: the file cannot be written.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    form = picture_form(path)
    shown = [along for along in _AXES if any(one.along == along for one in series)]
    # The same rows give the same bytes: no random names and no date. Letters stay letters.
    with mpl.rc_context({"svg.hashsalt": "growth", "svg.fonttype": "none"}):
        figure = Figure(figsize=(4.6 * len(shown), 4.2), layout="constrained")
        for axes, along in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
            own = [one for one in series if one.along == along]
            several = len({one.fixed for one in own}) > 1
            for one in own:
                label = f"{one.target}, {one.fixed}" if several else one.target
                points = [(one.value(row), per_mac(row)) for row in one.rows]
                axes.plot(*zip(*points, strict=True), marker="o", markersize=3, label=label)
            axes.set(xlabel=along if several else f"{along} ({own[0].fixed})", ylim=(0, None))
            axes.grid(alpha=0.3)
            axes.legend(fontsize=8)
        figure.supylabel("instructions per multiply-add", fontsize=10)
        with replace_file(path) as stream:
            figure.savefig(stream, format=form, dpi=120, metadata={"Date": None} if form == "svg" else None)


def growth_lines(series: Sequence[Series], rises: Sequence[Rise]) -> list[str]:
    """Return a sentence for each rise, and one for all other steps."""
    lines = [
        f"{rise.series.target}, {rise.series.fixed}: {rise.series.along} {rise.series.value(rise.before)} to "
        f"{rise.series.value(rise.after)} rises by {rise.share:.1%}, from {per_mac(rise.before):.4f} to "
        f"{per_mac(rise.after):.4f} instructions per multiply-add"
        for rise in rises
    ]
    steps = sum(len(one.rows) - 1 for one in series)
    return [*lines, f"{len(rises)} of {steps} steps rise."]

"""What a model's matrix products would cost in int8 and float32: a profile beside measured kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

FLOAT32 = "tvm_float32"
INT8 = "int8_"


@dataclass(frozen=True)
class ProductView:
    """One layer that is a matrix product, in instructions.

    Attributes:
        layer: its name.
        shape: ``m x n x k``, with the number of such products before it if there are several.
        own: measured in the profile: with all that the layer does beside the product.
        int8: of the int8 kernel, requantization included, times the number of products; None if not measured.
        float32: of TVM's float32 product, likewise.
    """

    layer: str
    shape: str
    own: int
    int8: int | None
    float32: int | None


@dataclass(frozen=True)
class Comparison:
    """All products of a model.

    Attributes:
        kernels: names of the int8 and the float32 kernel.
        rows: a layer each.
        whole: instructions of the profile's whole inference.
    """

    kernels: tuple[str, str]
    rows: tuple[ProductView, ...]
    whole: int

    @property
    def complete(self) -> tuple[ProductView, ...]:
        """The layers of which all is measured."""
        return tuple(row for row in self.rows if row.int8 is not None and row.float32 is not None)

    @property
    def own(self) -> int:
        """The sum over ``complete``."""
        return sum(row.own for row in self.complete)

    @property
    def int8(self) -> int:
        """Likewise."""
        return sum(row.int8 or 0 for row in self.complete)

    @property
    def float32(self) -> int:
        """Likewise."""
        return sum(row.float32 or 0 for row in self.complete)


def product_shapes(result: dict[str, Any]) -> list[tuple[int, int, int]]:
    """The distinct shapes (m, n, k) of a profile's matrix products, in the model's order."""
    products = (layer.get("product") for layer in result["layers"])
    return list(dict.fromkeys((p["m"], p["n"], p["k"]) for p in products if p))


def compare_products(result: dict[str, Any], kernels: Sequence[dict[str, Any]]) -> Comparison | None:
    """Set the layers of a profile beside kernels of their shapes.

    Args:
        result: of a profile on an emulated board.
        kernels: rows of ``sensor-bnn kernels --json``.

    Returns:
        None if the result has no shapes or the rows are none of int8 or float32 on its target.
    """
    if not result["emulated"]:
        return None
    counts: dict[tuple[bool, int, int, int], int] = {}
    names = ["", ""]
    for row in kernels:
        floats = row["kernel"] == FLOAT32
        if row["target"] == result.get("target") and (floats or row["kernel"].startswith(INT8)):
            names[floats] = row["kernel"]
            counts[floats, row["m"], row["n"], row["k"]] = row["instructions"]
    rows = []
    for layer in result["layers"]:
        product = layer.get("product")
        if not product:
            continue
        number, m, n, k = (product[key] for key in ("count", "m", "n", "k"))
        each = [counts.get((floats, m, n, k)) for floats in (False, True)]
        int8, float32 = (None if count is None else number * count for count in each)
        several = f"{number} × " if number > 1 else ""
        rows.append(
            ProductView(layer["name"], f"{several}{m} × {n} × {k}", layer["count"]["median"], int8, float32)
        )
    if not any(row.int8 is not None and row.float32 is not None for row in rows):
        return None
    return Comparison((names[0], names[1]), tuple(rows), result["inference"]["median"])

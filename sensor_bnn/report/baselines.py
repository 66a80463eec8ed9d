"""What a model's matrix products would cost in int8 and float32, from a profile and measured kernels."""

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
        layer: the layer's name.
        shape: ``m x n x k``; where the layer has several such products, their number comes first.
        own: instructions of the whole layer in the profile, which includes more than the product.
        int8: instructions of the int8 kernel with requantization, times the number of products; None if not
            measured.
        float32: instructions of TVM's float32 product, times the number of products; None if not measured.
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
        kernels: names of the int8 kernel and of the float32 kernel.
        rows: one per layer that is a matrix product.
        whole: instructions of one whole inference in the profile.
    """

    kernels: tuple[str, str]
    rows: tuple[ProductView, ...]
    whole: int

    @property
    def complete(self) -> tuple[ProductView, ...]:
        """The layers for which both the int8 and the float32 product were measured."""
        return tuple(row for row in self.rows if row.int8 is not None and row.float32 is not None)

    @property
    def own(self) -> int:
        """Instructions of this model, summed over ``complete``."""
        return sum(row.own for row in self.complete)

    @property
    def int8(self) -> int:
        """Instructions of the int8 products, summed over ``complete``."""
        return sum(row.int8 or 0 for row in self.complete)

    @property
    def float32(self) -> int:
        """Instructions of the float32 products, summed over ``complete``."""
        return sum(row.float32 or 0 for row in self.complete)


def product_shapes(result: dict[str, Any]) -> list[tuple[int, int, int]]:
    """Return the distinct shapes (m, n, k) of a profile's matrix products, in the model's order."""
    products = (layer.get("product") for layer in result["layers"])
    return list(dict.fromkeys((p["m"], p["n"], p["k"]) for p in products if p))


def compare_products(result: dict[str, Any], kernels: Sequence[dict[str, Any]]) -> Comparison | None:
    """Compare the layers of a profile with int8 and float32 kernels of the same shapes.

    Args:
        result: the result of ``sensor-bnn profile`` on an emulated board.
        kernels: rows of ``sensor-bnn kernels --json``.

    Returns:
        The comparison, or None if no layer has both an int8 and a float32 row of its shape on its target.
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

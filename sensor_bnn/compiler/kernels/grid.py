"""Patches of a grid of tokens: the positions that a convolution's outputs read."""

from __future__ import annotations

from dataclasses import dataclass

from sensor_bnn.onnx.reference_int import same_side


@dataclass(frozen=True)
class Grid:
    """A grid of tokens, and the patches that are cut from it; the names are the attributes of BnnPatches.

    An output lies at every ``stride``-th token. Its taps are ``dilation`` tokens apart and lie around it;
    where the missing tokens are odd in number, one more is missing after the grid than before it.
    """

    rows: int
    columns: int
    kernel_rows: int
    kernel_columns: int
    stride_rows: int
    stride_columns: int
    dilation_rows: int
    dilation_columns: int

    @property
    def out_rows(self) -> int:
        """The rows of the outputs' grid."""
        return -(-self.rows // self.stride_rows)

    @property
    def out_columns(self) -> int:
        """The columns of the outputs' grid."""
        return -(-self.columns // self.stride_columns)

    @property
    def tokens(self) -> int:
        """The number of tokens."""
        return self.rows * self.columns

    @property
    def out_tokens(self) -> int:
        """The number of outputs."""
        return self.out_rows * self.out_columns

    @property
    def taps(self) -> int:
        """The number of tokens in a patch."""
        return self.kernel_rows * self.kernel_columns

    @property
    def first_row(self) -> int:
        """The row of the first output's first tap, at most 0."""
        return -same_side(self.rows, self.kernel_rows, self.stride_rows, self.dilation_rows)[1]

    @property
    def first_column(self) -> int:
        """The column of the first output's first tap, at most 0."""
        return -same_side(self.columns, self.kernel_columns, self.stride_columns, self.dilation_columns)[1]

    @property
    def plain(self) -> bool:
        """Whether each patch is the token at its place."""
        return self.taps == self.stride_rows == self.stride_columns == 1

    @property
    def name(self) -> str:
        """The grid in the symbols of kernels."""
        if self.plain:
            return f"m{self.tokens}"
        pairs = (
            f"g{self.rows}x{self.columns}",
            f"k{self.kernel_rows}x{self.kernel_columns}",
            f"s{self.stride_rows}x{self.stride_columns}",
            f"d{self.dilation_rows}x{self.dilation_columns}",
        )
        return "_".join(pairs)

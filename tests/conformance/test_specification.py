"""The specification page, the operator table and the vectors' folder name the same things."""

import re

import onnx
import pytest

from sensor_bnn.onnx.operators import DOMAIN, DOMAIN_VERSIONS, OPERATORS
from sensor_bnn.resources import resource


def sections() -> dict[str, str]:
    page = (resource("export") / "operators.md").read_text()
    assert page.startswith(
        f"# The operators of `{DOMAIN}`, versions {' and '.join(map(str, DOMAIN_VERSIONS))}\n"
    )
    parts = re.split(r"^## (Bnn\w+)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_page_table_and_vectors_name_the_same_operators_in_order():
    assert list(sections()) == list(OPERATORS)
    files = {path.stem for path in (resource("export") / "conformance").glob("*.json")}
    assert files == set(OPERATORS)


@pytest.mark.parametrize("operator", OPERATORS.values(), ids=OPERATORS)
def test_page_gives_the_signature(operator):
    signature = f"`({', '.join(operator.inputs)}) -> {operator.output}`"
    if operator.attributes:
        signature += f", attribute{'s' if len(operator.attributes) > 1 else ''} "
        signature += ", ".join(f"`{attribute}`" for attribute in operator.attributes)
    section = sections()[operator.name]
    assert signature in (" ".join(part.split()) for part in section.split("\n\n"))
    assert section.strip().startswith("Since version 2.") == (operator.since == 2)


def test_names_are_unique_without_their_domain():
    assert not set(OPERATORS) & {schema.name for schema in onnx.defs.get_all_schemas_with_history()}

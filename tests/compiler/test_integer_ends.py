"""What a model of integers says about its ends: in the bundle's facts, in its header, and on this machine."""

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest
from bundles import INTEGERS, bundle_facts, write_bundle
from hybrid_graphs import Hybrid, Layer, hybrid
from onnx import helper

from sensor_bnn.compiler.host_library import HostModel
from sensor_bnn.compiler.metadata import Metadata, read_metadata
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.data.samples import Samples
from sensor_bnn.errors import BundleError, ModelError
from sensor_bnn.measure.on_host import run_host_bundle, run_onnx
from sensor_bnn.onnx.quantities import to_logits, to_model_input
from sensor_bnn.workflows.verify import verify_model

pytestmark = pytest.mark.usefixtures("no_library")

STEPS = {"input_step": [0.5, 0.1, 3.0], "output_step": 0.0123}
SMALL = Hybrid(columns=20, layers=(Layer("conv", kernel=3),))


def write(folder: Path, sizes: Hybrid = SMALL, **steps: object) -> Path:
    model, *_ = hybrid(sizes)
    del model.metadata_props[:]
    helper.set_model_props(model, {key: json.dumps(value) for key, value in steps.items()})
    onnx.save(model, folder / "model.onnx")
    return folder / "model.onnx"


def some(count: int = 12) -> Samples:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(count, 3, 20)) * np.array([4000, 800, 30000])[:, None]
    names = tuple("abcde")
    return Samples(x.astype(np.float32), rng.integers(0, 5, count), names)


@pytest.mark.usefixtures("long_compile")
def test_samples_in_sensor_units_get_the_answers_of_onnxruntime(tmp_path):
    file = write(tmp_path, **STEPS)
    bundle = compile_model(file, "host", tmp_path / "host", cache=False)
    assert bundle.metadata.input_step == (0.5, 0.1, 3.0) and bundle.metadata.output_step == 0.0123
    assert str(bundle.metadata.input) == "int16 [1, 3, 20]" and str(bundle.metadata.output) == "int16 [1, 5]"
    samples = some()
    here = run_host_bundle(bundle.folder, samples, lambda *step: None)
    there = run_onnx(file, samples, lambda *step: None)
    assert here.outputs.dtype == np.int16
    assert len(np.unique(here.outputs)) > 20, "the answers depend on the samples"
    assert np.array_equal(to_logits(here.outputs, 0.0123), there.outputs)
    whole = to_model_input(samples.x, np.dtype(np.int16), STEPS["input_step"])
    host = HostModel(bundle.folder)
    assert np.array_equal(np.concatenate([host.infer(one[np.newaxis]) for one in whole]), here.outputs)


@pytest.mark.usefixtures("long_compile")
def test_the_header_has_types_and_steps_that_c_can_use(tmp_path):
    bundle = compile_model(write(tmp_path, **STEPS), "host", tmp_path / "host", cache=False).folder
    header = (bundle / "hybrid.h").read_text()
    assert re.search(r"Input: int16 \[1, 3, 20\]", header) and "int16_t *hybrid_input(" in header
    program = tmp_path / "use.c"
    program.write_text(
        '#include <stdio.h>\n#include "model.h"\n'
        "static const double steps[] = {HYBRID_INPUT_STEPS};\n"
        "static SBNN_MODEL_INPUT_TYPE input[HYBRID_INPUT_COUNT];\n"
        "static SBNN_MODEL_OUTPUT_TYPE output[HYBRID_OUTPUT_COUNT];\n"
        '_Static_assert(sizeof input == HYBRID_INPUT_BYTES && sizeof output == HYBRID_OUTPUT_BYTES, "");\n'
        "int main(void) {\n"
        "#if SBNN_MODEL_INPUT_IS_FLOAT || SBNN_MODEL_OUTPUT_IS_FLOAT\n#error\n#endif\n"
        "    const int count = (int)(sizeof steps / sizeof *steps);\n"
        '    printf("%d %g %g %g %g %g\\n", count, steps[0], steps[1], steps[2],\n'
        "           HYBRID_OUTPUT_STEP, SBNN_MODEL_OUTPUT_STEP);\n"
        "    return input[0] + output[0];\n}\n"
    )
    warnings = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wconversion", "-pedantic-errors"]
    subprocess.run(["cc", *warnings, "-I", bundle, program, "-o", tmp_path / "use"], check=True)
    told = subprocess.run([tmp_path / "use"], check=True, capture_output=True, text=True).stdout
    assert told == "3 0.5 0.1 3 0.0123 0.0123\n"


@pytest.mark.usefixtures("long_compile")
def test_a_model_of_bytes_has_a_step_for_its_outputs_only(tmp_path):
    image = replace(SMALL, dtype="uint8", rows=4)
    bundle = compile_model(write(tmp_path, image, output_step=0.5), "host", tmp_path / "host", cache=False)
    assert bundle.metadata.input_step is None and bundle.metadata.output_step == 0.5
    assert "INPUT_STEPS" not in (bundle.folder / "hybrid.h").read_text()
    assert "uint8_t *hybrid_input(" in (bundle.folder / "hybrid.h").read_text()


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ({}, "`input_step` of .* has 0 steps; window needs 3"),
        ({"input_step": [1.0, 1.0], "output_step": 1.0}, "`input_step` of .* has 2 steps; window needs 3"),
        ({"input_step": [1.0] * 3}, "`output_step` of .* has 0 steps; v.* needs 1"),
        ({"input_step": [1.0] * 3, "output_step": -1.0}, "`output_step` of .* it must be"),
    ],
)
def test_a_file_that_does_not_say_its_steps_is_refused(tmp_path, steps, told):
    with pytest.raises(ModelError, match=told):
        compile_model(write(tmp_path, **steps), "host", tmp_path / "host", cache=False)
    assert not (tmp_path / "host").exists()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"input_step": [1.0] * 6}, "input_step is .*only int16 has steps, not float32"),
        ({"output_step": 1.0}, "output_step is 1.0; only int16 has steps, not float32"),
        ({**INTEGERS, "input_step": [1.0]}, "input_step has 1 numbers; the input has 6 channels"),
        ({**INTEGERS, "output_step": 0.0}, "output_step"),
        ({**INTEGERS, "output_step": 1e300}, "output_step"),
        ({**INTEGERS, "input_step": [0.0] * 6}, "input_step"),
        ({"input_gain": "window"}, "input_gain is 'window', the input is float32 .* input_step is None"),
        ({**INTEGERS, "input_gain": "window"}, "must be .* in steps of 2\\^-15"),
        ({**INTEGERS, "input_gain": "channel"}, "input_gain"),
    ],
)
def test_steps_that_fit_no_end_are_refused(tmp_path, changes, told):
    with pytest.raises(BundleError, match=told):
        read_metadata(write_bundle(tmp_path / "bundle", **changes))


@pytest.mark.parametrize("earlier", [2, 3, 4])
def test_a_bundle_of_an_earlier_format_is_compiled_again(tmp_path, earlier):
    facts = {key: value for key, value in bundle_facts(format=earlier).items() if not key.endswith("_step")}
    (tmp_path / "metadata.json").write_text(json.dumps(facts))
    with pytest.raises(BundleError, match=rf"format is {earlier}; .* older version .* reads format 9"):
        read_metadata(tmp_path)


def test_steps_are_kept_to_the_last_bit():
    facts = bundle_facts(**{**INTEGERS, "output_step": 0.1 + 0.2})
    values = json.loads(msgspec.convert(facts, Metadata).to_json())
    values.pop("digest")
    known = msgspec.convert(values, Metadata)
    assert known.output_step == 0.1 + 0.2 and known.input_step == tuple(INTEGERS["input_step"])


@pytest.mark.usefixtures("long_compile")
def test_verify_compares_a_model_of_integers_with_its_own_samples(tmp_path):
    samples = some()
    np.savez(tmp_path / "samples.npz", x=samples.x, y=samples.y, classes=np.array(samples.classes))
    checks = verify_model(write(tmp_path, **STEPS), None, 0, samples=tmp_path / "samples.npz")
    assert [check.first_difference for check in checks] == [None] * 4
    assert all(layer.differing == 0 for check in checks for layer in check.layers)

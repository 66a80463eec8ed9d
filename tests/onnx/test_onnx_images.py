"""Models of images from the export to compiled code."""

import numpy as np
import onnxruntime
import pytest

from sensor_bnn.compiler.host_library import HostModel
from sensor_bnn.compiler.pipeline import compile_model
from sensor_bnn.onnx.export import save_onnx, to_onnx

pytestmark = pytest.mark.usefixtures("no_library")


@pytest.mark.usefixtures("long_compile")
def test_a_compiled_model_of_images_computes_what_onnxruntime_computes(
    shape_of, random_folded, random_window, tmp_path
):
    folded = random_folded(shape_of(tokens=12, rows=3, layers=1))
    path = tmp_path / "model.onnx"
    save_onnx(to_onnx(folded), path)
    model = HostModel(compile_model(path, "host", tmp_path / "host").folder)
    session = onnxruntime.InferenceSession(path)
    for seed in range(3):
        image = random_window(folded, seed)
        assert image.shape == (1, 3, 12, 16)
        (want,) = session.run(None, {"window": image})
        np.testing.assert_allclose(model.infer(image), want, rtol=1e-5, atol=1e-5)

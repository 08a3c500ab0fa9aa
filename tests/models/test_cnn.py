from __future__ import annotations

import numpy as np
import pytest

from forecaster.models.cnn import CNN, CNNSettings, dilations
from forecaster.models.lstm import LSTM
from tests.conftest import make_panel
from tests.models.model_checks import (
    check_blind_to_future,
    check_forecast,
    check_same_after_loading,
    fitted,
)

SMALL = CNNSettings(
    units=6, decoder_units=6, epochs=1, steps_per_epoch=2, batch_series=8, calibration_origins=2
)


def test_fits_and_a_loaded_model_forecasts_the_same(panel, tmp_path):
    model, forecast = fitted(CNN(SMALL), panel)
    check_forecast(forecast, panel, len(model.run.quantiles))
    check_same_after_loading(model, panel, forecast, tmp_path)


def test_same_seed_and_blind_to_future():
    panel = make_panel(n_series=5)
    check_blind_to_future(lambda: CNN(SMALL), panel, panel.ds[70])


@pytest.mark.parametrize("periods", [1, 2, 21, 168])
def test_sees_the_whole_window_and_nothing_later(periods):
    from forecaster.networks import CausalConvolutions

    layer = CausalConvolutions(1, 3, dilations(periods))
    x = np.ones((1, periods + 5, 1), np.float32)
    layer(x)
    for convolution in layer.convolutions:
        convolution.kernel.assign(np.ones(convolution.kernel.shape))
    before = np.array(layer(x))
    for changed in range(len(x[0])):
        other = x.copy()
        other[0, changed] += 1
        differs = np.flatnonzero(np.array(layer(other))[0, :, 0] != before[0, :, 0])
        assert differs[0] == changed
    first = x.copy()
    first[0, 0] += 1
    assert np.array(layer(first))[0, periods - 1] != before[0, periods - 1]


@pytest.mark.parametrize("kind", [CNN, LSTM])
def test_half_precision_only_where_there_is_a_gpu(kind, panel, monkeypatch):
    """The layers compute in bfloat16, weights and forecasts stay float32."""
    import keras
    import tensorflow as tf

    values = {**SMALL.model_dump(exclude={"units"}), "units": 6, "mixed_precision": True}
    cut = panel.at(panel.cutoff)
    plain = kind(kind.Settings(**values))
    plain.fit(cut, None)
    assert plain.trainer.network.compute_dtype == "float32"
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind])
    mixed = kind(kind.Settings(**values))
    mixed.fit(cut, None)
    assert mixed.trainer.network.compute_dtype == "bfloat16"
    assert {v.dtype for v in mixed.trainer.variables} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"
    check_forecast(mixed.predict(cut), panel, len(mixed.run.quantiles))
    forecast, expected = mixed.predict(cut).mean, plain.predict(cut).mean
    np.testing.assert_allclose(forecast, expected, rtol=0.1, atol=0.1)

"""The default model: a forked network (`forecaster.forked`) whose encoder is an LSTM."""

from __future__ import annotations

from typing import Any

from forecaster.forked import Forked
from forecaster.network_settings import ForkedSettings


class LSTMSettings(ForkedSettings):
    """`units` are those of the LSTM and of the layer before it."""


class LSTM(Forked):
    """See the module and `LSTMSettings`."""

    Settings = LSTMSettings

    def encoder(self, _periods: int) -> Any:
        """One LSTM layer, however many the periods."""
        import keras

        return keras.layers.LSTM(self.settings.units, return_sequences=True)

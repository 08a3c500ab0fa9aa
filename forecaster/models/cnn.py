"""A forked network (`forecaster.forked`) whose encoder is a stack of dilated causal convolutions.

Each layer looks three periods back at three times the distance of the layer before it, so few
layers see the whole window: all its periods at once, where an LSTM takes one after the other.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from forecaster.forked import Forked
from forecaster.network_settings import ForkedSettings

KERNEL = 3


class CNNSettings(ForkedSettings):
    """`units` are the channels of each convolution and of the layer before the first one."""

    units: int = Field(default=32, ge=1)


class CNN(Forked):
    """See the module and `CNNSettings`."""

    Settings = CNNSettings

    def encoder(self, periods: int) -> Any:
        """Layers until the last period sees the first."""
        from forecaster.networks import CausalConvolutions

        return CausalConvolutions(self.settings.units, KERNEL, dilations(periods))


def dilations(periods: int) -> tuple[int, ...]:
    """1, 3, 9, …: as many as it takes for the last of `periods` to see all of them.

    A convolution of dilation d adds (KERNEL − 1) · d periods to what its output sees.
    """
    found: list[int] = []
    while 1 + (KERNEL - 1) * sum(found) < periods:
        found.append(KERNEL ** len(found))
    return tuple(found)

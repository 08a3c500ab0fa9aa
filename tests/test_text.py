from __future__ import annotations

import dataclasses

import numpy as np

from forecaster.models.cnn import CNN, CNNSettings
from forecaster.text import BUCKETS, PIECES, has_text, text_codes
from tests.conftest import make_panel


def with_text(panel, texts):
    return dataclasses.replace(panel, texts={"description": np.array(texts, object)})


def test_words_share_pieces_and_absent_text_has_none():
    texts = ["Red mug", "red MUGS", None, "", "!", " ".join(f"word{i}" for i in range(200))]
    codes = text_codes(with_text(make_panel(n_series=6), texts))
    assert codes.shape == (6, PIECES)
    assert codes.max() <= BUCKETS
    # <red>, <re, red, ed>, <mug>, <mu, mug, ug>
    assert (codes[0] > 0).sum() == 8
    shared = set(codes[0]) & set(codes[1]) - {0}
    assert len(shared) == 6
    assert not codes[2:5].any()
    assert codes[5].all()


def test_a_panel_without_descriptions_has_no_text():
    panel = make_panel(n_series=3)
    assert not has_text(panel)
    assert not has_text(with_text(panel, [None] * 3))
    assert has_text(with_text(panel, [None, "mug", None]))


def launches(n_series: int = 96, n_periods: int = 112):
    """Chairs sell a tenth of what candles do; every sixth series launches in the horizon, the
    others at any time. Nothing but the description tells which is which."""
    rng = np.random.default_rng(3)
    panel = make_panel(n_series=n_series, n_periods=n_periods)
    colours = ["red", "blue", "green", "white", "black"]
    is_chair = rng.random(n_series) < 0.5
    texts = [
        f"{rng.choice(colours)} {'chair' if chair else 'candle'} no. {i}"
        for i, chair in enumerate(is_chair)
    ]
    # words of launches that no other series has
    is_new = np.arange(n_series) % 6 == 0
    texts = [
        text.replace("chair", "chairs") if new else text
        for text, new in zip(texts, is_new, strict=True)
    ]
    y = rng.poisson(np.where(is_chair, 1.0, 10.0)[:, None], panel.y.shape).astype(np.float32)
    start = np.where(is_new, n_periods, rng.integers(0, n_periods - 7, n_series))
    y[np.arange(n_periods) < start[:, None]] = np.nan
    y_train = y.copy()
    panel = dataclasses.replace(
        panel, y=y, y_train=y_train, start=start, stocked_out=np.zeros_like(y)
    )
    return panel, texts, is_chair, is_new


def test_a_new_series_is_known_by_its_text_alone():
    """Its forecast follows its description, also one of words never seen; without text all new
    series are alike."""
    panel, texts, is_chair, is_new = launches()
    settings = CNNSettings(
        units=8, decoder_units=16, epochs=8, learning_rate=0.03, averaging=0.8, group="category"
    )
    levels = {}
    for given in (texts, [None] * len(texts)):
        model = CNN(settings)
        described = with_text(panel, given)
        cut = described.at(described.cutoff)
        model.fit(cut, None)
        forecast = model.predict(cut)
        mean = forecast.mean.mean(axis=1)
        assert (forecast.status[is_new] == "cold_start").all()
        levels[given[0] is not None] = (
            mean[is_new & ~is_chair].mean(),
            mean[is_new & is_chair].mean(),
        )
    candles, chairs = levels[True]
    assert candles > 2 * chairs
    candles, chairs = levels[False]
    assert 0.7 < candles / chairs < 1.4

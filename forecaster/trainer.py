"""A network over signals with its compiled passes: forward, and one step of training."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from forecaster.backend import load_tensorflow
from forecaster.errors import BAD_INPUT, ForecastError
from forecaster.origins import parts
from forecaster.panel import Panel
from forecaster.training import assign, values_of

if TYPE_CHECKING:
    from forecaster.losses import AtOrigin, Objective
    from forecaster.origins import Origins

AT_A_TIME = 2  # parts: an LSTM's periods follow one another, so one part leaves cores idle
COUNTED, NOT_NEGATIVE = ("negative_binomial",), ("tweedie", "negative_binomial")


class Trainer:
    """One network, built and traced once, and set back to its beginning for every training."""

    def __init__(
        self,
        encoder: Callable[[], Any],
        settings: Any,
        levels: np.ndarray,
        panel: Panel,
        patch: int,
        has_text: bool,
        example: Sequence[Any],
    ) -> None:
        tf = load_tensorflow()
        self.settings, self.levels, self.kind = settings, levels, kind_of(panel)
        with precision(settings.mixed_precision):
            self.network = self.made(encoder(), patch, panel, has_text)
            # as a graph: run eagerly, an LSTM takes its periods one by one in Python
            self.inputs = [_any_number(tensor) for tensor in example]
            self.infer = tf.function(
                lambda x: self.network(x, training=False),
                input_signature=[self.inputs],
                autograph=False,
            )
            self.infer(example)
        self.initial = values_of(self.network.variables)

    def made(self, encoder: Any, patch: int, panel: Panel, has_text: bool) -> Any:
        """The network, before it has seen any input."""
        from forecaster.losses import DISPERSED
        from forecaster.networks import ForkedNetwork

        s = self.settings
        n_spread = len(self.levels) + (s.loss == DISPERSED)
        return ForkedNetwork(encoder, patch, s, n_spread, panel.cardinalities, has_text)

    def predicted(self, outputs: Any, at: Any, base: Any) -> Any:
        """What the network's outputs say, in units of the scale."""
        from forecaster.networks import predicted

        return predicted(outputs, at, base, self.levels, self.settings.loss, self.kind)

    @cached_property
    def objective(self) -> Objective:
        """What is minimised."""
        from forecaster.losses import Objective

        return Objective(self.settings, self.levels)

    def loss(self, inputs: Any, at: Any, base: Any, y: Any, jittered: Any, known: Any) -> Any:
        """Of a batch in training."""
        found = self.predicted(self.network(inputs, training=True), at, base)
        return self.objective(y, jittered, found, known, at)

    @property
    def variables(self) -> list[Any]:
        """The weights."""
        return list(self.network.trainable_variables)

    @cached_property
    def optimizer(self) -> Any:
        """Made when first trained: who only forecasts needs none."""
        import keras

        s = self.settings
        made = keras.optimizers.AdamW(s.learning_rate, weight_decay=s.weight_decay, clipnorm=1.0)
        made.build(self.variables)
        self.initial_optimizer = values_of(made.variables)
        return made

    @property
    def state(self) -> list[Any]:
        """All that a step changes."""
        return [*self.network.variables, *self.optimizer.variables]

    def begin(self, weights: Sequence[np.ndarray] | None = None) -> None:
        """Back to where the seed had put the network, or to given weights."""
        assign(self.network.variables, self.initial)
        assign(self.optimizer.variables, self.initial_optimizer)
        if weights is not None:
            self.load(weights)

    def load(self, weights: Sequence[np.ndarray]) -> None:
        """Weights of a network of the same shapes."""
        here, there = [v.shape for v in self.variables], [w.shape for w in weights]
        if [tuple(shape) for shape in here] != there:
            raise ForecastError(
                "the weights are of a network with other shapes: other features, categories, "
                "settings or quantile levels, or another version of the package",
                "train anew, without --from where it was given",
                BAD_INPUT,
            )
        assign(self.variables, list(weights))

    @cached_property
    def step(self) -> Callable[..., Any]:
        """A compiled step on (inputs, at, base, y, jittered, known); returns the batch's loss.

        A fit learns twice and a backtest many times, and tracing takes as long as an epoch.
        """
        import tensorflow as tf

        from forecaster.losses import AtOrigin

        variables, optimizer = self.variables, self.optimizer

        pair, triple = (tf.TensorSpec([None] * rank) for rank in (2, 3))
        signature = [self.inputs, AtOrigin(pair, pair, pair, pair), *[triple] * 4]

        @tf.function(input_signature=signature, autograph=False)
        def step(inputs: Any, at: Any, base: Any, y: Any, jittered: Any, known: Any) -> Any:
            with tf.GradientTape() as tape:
                loss = self.loss(inputs, at, base, y, jittered, known)
            gradients = tape.gradient(loss, variables, unconnected_gradients="zero")
            optimizer.apply_gradients(zip(gradients, variables, strict=True))
            return loss

        return step

    def ahead(
        self, data: Origins, rows: np.ndarray, origin: int
    ) -> Iterator[tuple[np.ndarray, Any, AtOrigin]]:
        """What the network says of series at one origin, in units of the scale, and what is known
        there, a part of `rows` after the other, of which several are made at a time."""

        def of(group: np.ndarray) -> tuple[np.ndarray, Any, AtOrigin]:
            inputs, at, base = data.inputs(group, np.array([origin]))
            return group, self.predicted(self.infer(inputs), at, base).as_numpy(), at

        with ThreadPoolExecutor(AT_A_TIME) as pool:
            begun: deque[Future[tuple[np.ndarray, Any, AtOrigin]]] = deque()
            for part in parts(len(rows)):
                begun.append(pool.submit(of, rows[part]))
                if len(begun) > AT_A_TIME:  # results wait for no more than one part
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()


def _any_number(tensor: Any) -> Any:
    """What a tensor is, for any number of series, origins, periods and steps: traced once."""
    import tensorflow as tf

    width = [] if tensor.shape.rank == 1 else [tensor.shape[-1]]
    return tf.TensorSpec([None] * (tensor.shape.rank - len(width)) + width, tensor.dtype)


def kind_of(panel: Panel) -> str:
    """signed, count or positive (neither) demand."""
    return "signed" if panel.is_signed else "count" if panel.is_count else "positive"


def chosen_loss(loss: str, panel: Panel) -> str:
    """The loss by name; raises where a panel's demand is not what a loss is of."""
    kind = kind_of(panel)
    if loss == "auto":
        if panel.nodes is None or kind == "signed":
            return "rmsse"
        return "negative_binomial" if kind == "count" else "tweedie"
    if kind == "signed" and loss in NOT_NEGATIVE:
        reason = "is of demand that is never negative"
    elif kind != "count" and loss in COUNTED:
        reason = "is of whole numbers"
    else:
        return loss
    raise ForecastError(
        f"the loss {loss} {reason}; panel '{panel.name}' is {kind}"
        + (" and has fractions" if kind == "positive" else ""),
        "use another: --set loss=rmsse, mse or quantile"
        + ("" if kind == "signed" else ", or tweedie"),
        BAD_INPUT,
    )


@contextmanager
def precision(is_mixed: bool) -> Any:
    """Layers made inside compute in half precision where that was asked for and there is a GPU.

    bfloat16 has the range of float32, so no loss needs scaling; weights stay float32.
    """
    import keras
    import tensorflow as tf

    before = keras.config.dtype_policy()
    if is_mixed and tf.config.list_physical_devices("GPU"):
        keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)

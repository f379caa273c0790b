"""Bounds of networks and of any function: bad input, large networks, models of the user's own."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from taylored.errors import ArgumentError, EnclosureError
from taylored.networks.bound import Affine, Scales, bound_function, bound_network, layers_of
from taylored.networks.model import perceptron
from taylored.results import Accuracy


def _net(rng, widths, members=1):
    return [
        Affine(rng.normal(size=(members, b, a)) / np.sqrt(a), rng.normal(size=(members, b)))
        for a, b in pairwise(widths)
    ]


NET = _net(np.random.default_rng(0), [2, 5, 1])


# ---- bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("box", "says"),
    [
        (([0.0, 1.0], [1.0, 0.5]), "lo is above hi for input 1"),
        (([np.nan, 0.0], [1.0, 1.0]), "lo is nan at place 0"),
        (([0.0, 0.0], [1.0, np.inf]), "hi is inf at place 1"),
        (([0.0, 0.0, 0.0], [1.0, 1.0, 1.0]), "2 numbers are needed"),
        ((["a", "b"], [1.0, 1.0]), "2 numbers are needed"),
    ],
)
def test_what_is_no_box_is_refused(box, says):
    with pytest.raises(ArgumentError, match=says) as caught:
        bound_network(NET, "tanh", box)
    assert caught.value.next_step


def test_what_is_no_network_is_refused():
    box = np.zeros(2), np.ones(2)
    rng = np.random.default_rng(1)
    with pytest.raises(ArgumentError, match="no activation 'tanhh'"):
        bound_network(NET, "tanhh", box)
    with pytest.raises(ArgumentError, match="at least one layer"):
        bound_network([], "tanh", box)
    with pytest.raises(ArgumentError, match="Layer 1 gives 5 numbers"):
        bound_network([NET[0], _net(rng, [4, 1])[0]], "tanh", box)
    with pytest.raises(ArgumentError, match="biases of shape"):
        bound_network([(np.zeros((1, 3, 2)), np.zeros((1, 2)))], "tanh", box)
    with pytest.raises(ArgumentError, match="scale must be positive"):
        bound_network(NET, "tanh", box, scales=Scales(scale=[1.0, 0.0]))
    with pytest.raises(ArgumentError, match="out_center has shape"):
        bound_network(NET, "tanh", box, scales=Scales(out_center=[1.0, 2.0]))
    with pytest.raises(ArgumentError, match="bounded through 'argmax'"):
        bound_network(NET, "tanh", box, final="argmax")


@pytest.mark.parametrize("weight", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(weight):
    bad = [Affine(np.full((1, 1, 1), weight), np.zeros((1, 1)))]
    with pytest.raises(EnclosureError, match="not finite"):
        bound_network(bad, "tanh", ([0.0], [1.0]))


@pytest.mark.parametrize("name", ["relu", "silu", "identity", "tanh"])
def test_values_beyond_float64_are_refused_and_never_nan(name):
    big = [Affine(np.full((1, 2, 1), 1e300), np.zeros((1, 2))),
           Affine(np.array([[[1e300, -1e300]]]), np.zeros((1, 1)))]  # fmt: skip
    with pytest.raises(EnclosureError, match="beyond all float64") as caught:
        bound_network(big, name, ([0.0], [1e10]))
    assert caught.value.next_step


@pytest.mark.every(2)
@pytest.mark.parametrize("name", ["tanh", "relu", "softplus", "sin", "gelu", "silu", "logistic"])
@pytest.mark.parametrize("radius", [pytest.param(1e6, marks=pytest.mark.slow), 1e100])
def test_huge_boxes_have_finite_ranges(name, radius):
    found = bound_network(NET, name, (np.full(2, -radius), np.full(2, radius)))
    assert np.all(np.isfinite(found.value.width)) and np.all(np.isfinite(found.derivative.width))
    assert found.value.lo < found.value.hi


# ---- forms of networks -------------------------------------------------------------------------


def test_layers_of_a_perceptron_give_its_values_and_derivatives():
    rng = np.random.default_rng(2)
    model = perceptron(3, (6, 4), 2, "swish")
    theta = model.draw(rng, 4, float)
    x = rng.normal(size=3)
    found = bound_network(layers_of(model, theta), "swish", (x, x))
    value, slope = model.slopes(theta, np.broadcast_to(x, (4, 1, 3)))
    assert found.value.lo == pytest.approx(value.mean(0)[0], abs=1e-12)
    assert found.derivative.hi == pytest.approx(slope.mean(0)[0], abs=1e-12)
    assert value.mean(0)[0] in found.value and slope.mean(0)[0] in found.derivative


def test_single_networks_need_no_axis_of_members_and_scales_may_be_numbers():
    weight, bias = NET[0].weight[0], NET[0].bias[0]
    last = NET[1].weight[0], NET[1].bias[0]
    box = np.zeros(2), np.ones(2)
    one = bound_network([(weight, bias), last], "tanh", box, scales=Scales(0.5, 2.0, 1.0, 3.0))
    inner = bound_network(NET, "tanh", (np.full(2, -0.25), np.full(2, 0.25)))
    assert one.value.lo == pytest.approx(3 * inner.value.lo + 1, rel=1e-3)
    assert one.derivative.hi == pytest.approx(1.5 * inner.derivative.hi, rel=1e-3)
    assert np.array_equal(one.lo, box[0]) and np.array_equal(one.hi, box[1])


@pytest.mark.parametrize("final", ["identity", "softmax"])
def test_a_network_of_images_is_bounded(final):
    rng = np.random.default_rng(3)
    layers = _net(rng, [784, 128, 10])
    center = rng.random(784)
    found = bound_network(layers, "relu", (center - 1e-3, center + 1e-3), final=final)
    x = center + rng.uniform(-1e-3, 1e-3, (200, 784))
    value = np.maximum(x @ layers[0].weight[0].T + layers[0].bias[0], 0) @ layers[1].weight[0].T
    value += layers[1].bias[0]
    if final == "softmax":
        value = np.exp(value) / np.exp(value).sum(axis=1, keepdims=True)
    assert np.all((found.value.lo <= value) & (value <= found.value.hi))
    assert found.derivative.lo.shape == (10, 784)


def test_two_classes_with_one_logit_apart_have_the_logistic_range():
    layers = [Affine(np.array([[[1.0], [0.0]]]), np.zeros((1, 2)))]
    found = bound_network(layers, "tanh", ([-1.0], [2.0]), final="softmax")
    ends = 1 / (1 + np.exp([1.0, -2.0]))
    assert found.value.lo == pytest.approx([ends[0], 1 - ends[1]], rel=1e-12)
    assert found.value.hi == pytest.approx([ends[1], 1 - ends[0]], rel=1e-12)
    assert found.derivative.hi[0, 0] == pytest.approx(0.25, rel=1e-2)
    assert found.derivative.hi[0, 0] >= 0.25


# ---- any function ------------------------------------------------------------------------------


def test_derivatives_of_a_formula_have_their_closed_form_range():
    found = bound_function("x*exp(-x)", 0.0, 2.0)
    # f' = (1 - x) exp(-x) is 1 at 0 and falls to -exp(-2) at 2, where f'' is 0
    assert found.derivative.hi[0, 0] == pytest.approx(1.0, rel=1e-2)
    assert found.derivative.lo[0, 0] == pytest.approx(-np.exp(-2.0), abs=0.01 * 1.14)
    assert found.derivative.lo[0, 0] <= -np.exp(-2.0) and found.derivative.hi[0, 0] >= 1.0
    assert found.value.lo[0] <= 0.0 and found.value.hi[0] >= np.exp(-1.0)


def test_a_model_in_jax_has_the_bounds_of_the_same_network():
    import jax.numpy as jnp

    layers = _net(np.random.default_rng(4), [3, 8, 8, 2])

    def model(x):
        h = jnp.tanh(layers[0].weight[0] @ x + layers[0].bias[0])
        h = jnp.tanh(layers[1].weight[0] @ h + layers[1].bias[0])
        return layers[2].weight[0] @ h + layers[2].bias[0]

    box = np.array([0.1, -0.4, 0.0]), np.array([0.3, -0.2, 0.2])
    general, special = bound_function(model, *box), bound_network(layers, "tanh", box)
    assert general.derivative.kind is Accuracy.PROVED
    assert general.value.width == pytest.approx(special.value.width, rel=0.05)
    # Both hold, so they overlap; and both are near the range, so neither is much wider.
    assert np.all(general.derivative.lo <= special.derivative.hi)
    assert np.all(special.derivative.lo <= general.derivative.hi)
    ratio = general.derivative.width / special.derivative.width
    assert np.all((ratio > 0.7) & (ratio < 1.5))


def test_derivatives_are_those_of_the_function_and_not_of_a_rule_given_to_jax():
    import jax
    import jax.numpy as jnp

    @jax.custom_jvp
    def doubled(x):
        return jnp.sin(x)

    doubled.defjvp(lambda x, t: (doubled(x[0]), 2 * jnp.cos(x[0]) * t[0]))
    found = bound_function(lambda x: doubled(x[0]), np.array([0.0]), np.array([1.0]))
    assert found.derivative.hi[0, 0] == pytest.approx(1.0, rel=1e-2)
    assert found.derivative.lo[0, 0] == pytest.approx(np.cos(1.0), rel=1e-2)


def test_kinks_have_all_slopes_between_and_jumps_none_that_is_proved():
    import jax.numpy as jnp

    box = np.array([-1.0]), np.array([2.0])
    kink = bound_function(lambda x: jnp.abs(x[0]), *box)
    assert kink.derivative.lo[0, 0] == pytest.approx(-1.0) and kink.derivative.hi == 1.0
    jump = bound_function(lambda x: jnp.floor(x[0]), *box)
    assert jump.derivative.kind is Accuracy.ESTIMATED
    assert "may jump" in jump.derivative.note
    steep = bound_function(lambda x: jnp.sqrt(x[0]), np.array([0.0]), np.array([1.0]))
    assert steep.derivative.kind is Accuracy.UNKNOWN and np.isinf(steep.derivative.hi)
    assert steep.value.kind is Accuracy.PROVED


def test_functions_that_are_not_defined_on_the_box_are_refused():
    import jax.numpy as jnp

    with pytest.raises(EnclosureError, match="log"):
        bound_function(lambda x: jnp.log(x[0]), np.array([-1.0]), np.array([2.0]))
    with pytest.raises(ArgumentError, match="lo is above hi"):
        bound_function("x^2", 1.0, 0.0)
    with pytest.raises(ArgumentError, match="several arrays"):
        bound_function(lambda x: (x, x + 1), np.zeros(2), np.ones(2))

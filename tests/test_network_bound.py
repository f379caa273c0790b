"""Proved ranges of networks: against python-flint, closed forms, samples and plain intervals."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import flint
import numpy as np
import pytest
from scipy.special import erf, expit

from taylored.networks.bound import Scales, bound_network
from taylored.networks.bound.ranges import line, ranges
from taylored.results import Accuracy

ROOT2 = np.sqrt(2.0)
NAMES = ["tanh", "relu", "logistic", "softplus", "sin", "silu", "gelu", "identity"]
SLOW = pytest.mark.slow
SMOOTH = [n for n in NAMES if n not in ("relu", "identity")]


def _gelu_slope(z):
    return 0.5 * (1 + erf(z / ROOT2)) + z * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)


# By NumPy, written a second time and in another way than in the package.
VALUE = {
    "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0), "logistic": expit,
    "softplus": lambda z: np.logaddexp(z, 0), "sin": np.sin, "silu": lambda z: z * expit(z),
    "gelu": lambda z: z * 0.5 * (1 + erf(z / ROOT2)), "identity": lambda z: z,
}  # fmt: skip
SLOPE = {
    "tanh": lambda z: 1 - np.tanh(z) ** 2, "relu": lambda z: (z > 0) * 1.0,
    "logistic": lambda z: expit(z) * (1 - expit(z)), "softplus": expit, "sin": np.cos,
    "silu": lambda z: expit(z) * (1 + z * (1 - expit(z))), "gelu": _gelu_slope,
    "identity": np.ones_like,
}  # fmt: skip


def _exactly(name, z):
    """f, f' and f'' of an arb, from closed forms."""
    one = flint.arb(1)
    s = one / (one + (-z).exp())
    bell = (-z * z / 2).exp() / (2 * flint.arb.pi()).sqrt()
    normal = (one + (z / flint.arb(2).sqrt()).erf()) / 2
    t, ds = z.tanh(), s * (one - s)
    dds = ds * (one - 2 * s)
    return {
        "tanh": (t, one - t * t, -2 * t * (one - t * t)),
        "relu": (z, one, 0 * one) if z > 0 else (0 * one, 0 * one, 0 * one),
        "logistic": (s, ds, dds),
        "softplus": ((one + z.exp()).log(), s, ds),
        "sin": (z.sin(), z.cos(), -z.sin()),
        "silu": (z * s, s + z * ds, 2 * ds + z * dds),
        "gelu": (z * normal, normal + z * bell, bell * (2 - z * z)),
        "identity": (z, one, 0 * one),
    }[name]


def _outside(value, low, high):
    """Whether a ball certainly lies outside of an interval."""
    return bool(value < flint.arb(float(low)) or value > flint.arb(float(high)))


@pytest.fixture(autouse=True)
def _precision():
    with flint.ctx.workprec(200):
        yield


def _net(rng, widths, members=1, gain=1.5):
    return [
        (
            rng.normal(size=(members, b, a)) * gain / np.sqrt(a),
            rng.uniform(-0.5, 0.5, (members, b)),
        )
        for a, b in pairwise(widths)
    ]


def _evaluate(layers, name, x):
    """The mean (rows, outputs) and its derivatives (rows, outputs, inputs)."""
    h, slopes, z = x[None], [], x[None]
    for k, (weight, bias) in enumerate(layers):
        z = h @ weight.transpose(0, 2, 1) + bias[:, None]
        if k < len(layers) - 1:
            h = VALUE[name](z)
            slopes.append(SLOPE[name](z))
    back = layers[-1][0][:, None]
    for (weight, _), slope in zip(layers[-2::-1], slopes[::-1], strict=True):
        back = (back * slope[:, :, None, :]) @ weight[:, None]
    back = np.broadcast_to(back.mean(0), (len(x), *back.shape[2:]))
    return z.mean(0), back


def _plain_intervals(layers, name, low, high):
    """Interval arithmetic layer by layer, the yardstick: widths of values and derivatives."""
    low, high = (np.broadcast_to(e, (len(layers[0][0]), len(e)))[..., None] for e in (low, high))
    slopes = []
    for k, (weight, bias) in enumerate(layers):
        plus, minus = np.maximum(weight, 0), np.minimum(weight, 0)
        low, high = plus @ low + minus @ high, plus @ high + minus @ low
        low, high = low + bias[..., None], high + bias[..., None]
        if k < len(layers) - 1:
            (low, a), (high, b) = ranges(name, low, high, 1)
            slopes.append((a[:, None, :, 0], b[:, None, :, 0]))
    ends = [layers[-1][0]] * 2
    for (weight, _), slope in zip(layers[-2::-1], slopes[::-1], strict=True):
        products = [e * s for e in ends for s in slope]
        a, b = np.min(products, axis=0), np.max(products, axis=0)
        plus, minus = np.maximum(weight, 0), np.minimum(weight, 0)
        ends = [a @ plus + b @ minus, b @ plus + a @ minus]
    return (high - low).mean(0)[:, 0], (ends[1] - ends[0]).mean(0)


def _points(rng, low, high, count):
    inside = rng.uniform(low, high, (count, len(low)))
    corner = rng.random((count, len(low))) < 0.5
    corners = np.where(corner, low, high)
    faces = np.where(rng.random((count, len(low))) < 0.5, corners, inside)
    return np.concatenate([inside, corners[: count // 10], faces[: count // 5], [low], [high]])


# ---- activations -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_ranges_at_points_hold_the_exact_values_and_are_narrow(name):
    rng = np.random.default_rng(1)
    places = [-700.0, -45.0, -1e-9, 1e-300, 3e-5, 45.0, 700.0]
    z = np.concatenate([rng.normal(size=60) * 3, rng.normal(size=30) * 30, places])
    degree = 1 if name == "relu" else 2
    low, high = ranges(name, z, z, degree)
    for k, at in enumerate(z):
        exact = _exactly(name, flint.arb(float(at)))
        for order in range(degree + 1):
            assert not _outside(exact[order], low[order, k], high[order, k])
    assert np.all(high - low <= 1e-13 * (1 + np.abs(z)))


@pytest.mark.parametrize("name", SMOOTH)
def test_ranges_over_intervals_are_those_of_dense_samples(name):
    rng = np.random.default_rng(2)
    center, radius = rng.normal(size=80) * 3, 10.0 ** rng.uniform(-3, 1, 80)
    low, high = ranges(name, center - radius, center + radius, 2)
    z = center + radius * np.linspace(-1, 1, 4001)[:, None]
    rows = [VALUE[name](z), SLOPE[name](z), np.gradient(SLOPE[name](z), axis=0, edge_order=2)]
    step = radius / 2000
    for order, found in enumerate(rows):
        found = found / step if order == 2 else found
        # The peak between two samples, and finite differences, are off by a second-order term.
        slack = 30 * step**2 + (1e-11 / step if order == 2 else 1e-12)
        assert np.all(np.abs(low[order] - found.min(0)) <= slack)
        assert np.all(np.abs(high[order] - found.max(0)) <= slack)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("order", [0, 1])
def test_lines_are_near_the_function_everywhere(name, order):
    rng = np.random.default_rng(3)
    center, radius = rng.normal(size=40) * 2, 10.0 ** rng.uniform(-8, 1, 40)
    low, high = center - radius, center + radius
    found = line(name, order, low, high)
    for k in range(40):
        for z in np.clip(low[k] + (high - low)[k] * np.linspace(0, 1, 33), low[k], high[k]):
            exact = _exactly(name, flint.arb(float(z)))[order]
            rest = exact - flint.arb(float(found.slope[k])) * flint.arb(float(z))
            rest -= flint.arb(float(found.offset[k]))
            assert not _outside(rest, -found.reach[k], found.reach[k])
            assert not _outside(exact, found.low[k], found.high[k])
    if name in SMOOTH:  # of second order: a tenth of the interval, a hundredth of the deviation
        small = line(name, order, center - 0.01, center + 0.01)
        smaller = line(name, order, center - 0.001, center + 0.001)
        assert np.all(small.reach < 1e-4)
        assert np.all(smaller.reach <= 0.013 * small.reach + 2e-7)


# ---- containment -----------------------------------------------------------------------------

CASES = [
    ("tanh", [1, 20, 20, 1], 30, 0.1), ("tanh", [5, 16, 16, 2], 4, 0.3),
    ("relu", [4, 24, 24, 1], 5, 0.5), ("relu", [2, 12, 12, 12, 12, 3], 2, 1.0),
    ("logistic", [3, 16, 8, 1], 6, 2.0), ("softplus", [3, 12, 12, 1], 4, 0.2),
    ("sin", [2, 16, 16, 1], 3, 0.4), ("silu", [3, 16, 16, 1], 4, 1.0),
    ("gelu", [6, 20, 1], 5, 0.1), ("tanh", [8, 32, 32, 1], 3, 0.1),
]  # fmt: skip


def _violations(case, boxes, count):
    """How many values and derivatives at samples lie outside of their ranges."""
    name, widths, members, radius = case
    rng, bad = np.random.default_rng(sum(widths)), 0
    layers = _net(rng, widths, members)
    for _ in range(boxes):
        center = rng.normal(size=widths[0])
        low, high = center - radius, center + radius
        found = bound_network(layers, name, (low, high))
        assert found.value.kind is found.derivative.kind is Accuracy.PROVED
        inner = found.value_attained
        assert np.all(inner[0] >= found.value.lo) and np.all(inner[1] <= found.value.hi)
        for part in range(0, count, 8000):
            x = _points(rng, low, high, min(8000, count - part))
            value, slope = _evaluate(layers, name, x)
            bad += np.sum((value < found.value.lo) | (value > found.value.hi))
            bad += np.sum((slope < found.derivative.lo) | (slope > found.derivative.hi))
    return bad


@pytest.mark.parametrize("case", CASES)
@pytest.mark.every(4)
def test_no_sample_lies_outside(case):
    assert _violations(case, 1, 4000) == 0


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_none_of_a_million_samples_lies_outside(case):
    assert _violations(case, 4, 24000) == 0


def _exact_network(layers, name, x, scales):
    """Value and derivatives of the mean at x, as balls: forwards, column by column."""
    arb = flint.arb
    inputs, members = len(x), len(layers[0][0])
    totals = None
    for m in range(members):
        h = [(arb(x[i]) - arb(scales.center[i])) / arb(scales.scale[i]) for i in range(inputs)]
        columns = [[arb(int(i == j)) / arb(scales.scale[j]) for i in range(inputs)]
                   for j in range(inputs)]  # fmt: skip
        for k, (weight, bias) in enumerate(layers):
            w = [[arb(float(v)) for v in row] for row in weight[m]]
            z = [sum((a * b for a, b in zip(row, h, strict=True)), arb(float(c)))
                 for row, c in zip(w, bias[m], strict=True)]  # fmt: skip
            columns = [[sum((a * b for a, b in zip(row, d, strict=True)), arb(0)) for row in w]
                       for d in columns]  # fmt: skip
            if k == len(layers) - 1:
                h = z
                continue
            rows = [_exactly(name, v) for v in z]
            h = [r[0] for r in rows]
            columns = [[r[1] * d for r, d in zip(rows, c, strict=True)] for c in columns]
        whole = [h, *columns]
        if totals is None:
            totals = whole
        else:
            totals = [[a + b for a, b in zip(r, s, strict=True)]
                      for r, s in zip(totals, whole, strict=True)]  # fmt: skip
    assert totals is not None
    scaled = [[v / members * arb(s) for v, s in zip(row, scales.out_scale, strict=True)]
              for row in totals]  # fmt: skip
    values = [v + arb(c) for v, c in zip(scaled[0], scales.out_center, strict=True)]
    return values, scaled[1:]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "radius", [0.0, *(pytest.param(r, marks=SLOW) for r in (1e-15, 1e-2)), 1e-9]
)
def test_exact_values_lie_inside_where_rounding_decides(name, radius, monkeypatch):
    # Without the allowance for networks as they are computed: the exact function alone.
    monkeypatch.setattr(
        "taylored.networks.bound.network.evaluation_errors",
        lambda members, *_: (np.zeros(members.outputs), np.zeros((members.outputs, 2))),
    )
    rng = np.random.default_rng(5)
    layers = _net(rng, [2, 6, 5, 2], 3, 2.5)
    scales = Scales(np.array([1e3, -3.0]), np.array([0.7, 150.0]), np.array([5.0, -1e4]),
                    np.array([-3.0, 1e-3]))  # fmt: skip
    center = scales.center + rng.normal(size=2) * scales.scale
    low, high = center - radius * scales.scale, center + radius * scales.scale
    found = bound_network(layers, name, (low, high), scales=scales)
    for _ in range(2):
        x = np.clip(rng.uniform(low, high), low, high)
        values, columns = _exact_network(layers, name, x, scales)
        for o in range(2):
            assert not _outside(values[o], found.value.lo[o], found.value.hi[o])
            for i in range(2):
                ends = found.derivative.lo[o, i], found.derivative.hi[o, i]
                assert not _outside(columns[i][o], *ends)
    if radius == 0.0:
        assert np.all(found.value.width <= 1e-11 * (1 + np.abs(found.value.hi)))


def test_probabilities_and_their_derivatives_lie_inside():
    import jax

    rng = np.random.default_rng(6)
    layers = _net(rng, [3, 10, 4], 5)
    temperature = 1.7

    def mean(x):
        (first, bias), (last, end) = layers
        h = jax.numpy.tanh(first @ x + bias)
        return jax.nn.softmax(((last @ h[..., None])[..., 0] + end) / temperature, axis=1).mean(0)

    low, high = np.array([-0.2, 0.1, 0.5]), np.array([0.2, 0.3, 1.0])
    scales = Scales(out_scale=1 / temperature)
    found = bound_network(layers, "tanh", (low, high), scales=scales, final="softmax")
    assert np.all(found.value.lo >= 0) and np.all(found.value.hi <= 1)
    with jax.enable_x64(True):
        x = _points(rng, low, high, 600)
        value = np.asarray(jax.jit(jax.vmap(mean))(x))
        slope = np.asarray(jax.jit(jax.vmap(jax.jacrev(mean)))(x))
    assert np.all((value >= found.value.lo) & (value <= found.value.hi))
    assert np.all((slope >= found.derivative.lo) & (slope <= found.derivative.hi))
    assert np.all(found.value.width <= 1.5 * np.ptp(value, axis=0))


def test_evaluation_in_float32_is_covered_with_its_unit():
    rng = np.random.default_rng(7)
    layers = [(w.astype(np.float32), b.astype(np.float32)) for w, b in _net(rng, [2, 30, 30, 1], 3)]
    x = rng.normal(size=(25, 2)).astype(np.float32)
    value, _ = _evaluate(layers, "tanh", x)
    assert value.dtype == np.float32
    narrow = wide = 0
    for row, v in zip(x, value, strict=True):
        box = (row.astype(float), row.astype(float))
        wide += v not in bound_network(layers, "tanh", box, unit=2.0**-23).value
        narrow += v not in bound_network(layers, "tanh", box).value
    assert wide == 0 and narrow > 15  # the exact value alone is not what float32 computes


# ---- how narrow ------------------------------------------------------------------------------


SHALLOW = ([1, 20, 20, 1], 30), ([4, 20, 20, 1], 5)
HALVES = [
    pytest.param(name, *net, marks=() if name in ("tanh", "relu", "gelu") else SLOW)
    for name in NAMES[:-1]
    for net in SHALLOW
]


@pytest.mark.parametrize(("name", "widths", "members"), HALVES)
@pytest.mark.every(3)
def test_half_as_wide_as_plain_intervals(name, widths, members):
    rng = np.random.default_rng(8)
    layers, center = _net(rng, widths, members), rng.normal(size=widths[0])
    found = bound_network(layers, name, (center - 0.1, center + 0.1))
    value, slope = _plain_intervals(layers, name, center - 0.1, center + 0.1)
    assert np.all(found.value.width <= 0.5 * value)
    assert np.all(found.derivative.width <= 0.5 * slope)


def test_eight_inputs_and_thirty_members_beat_plain_intervals_by_ten():
    rng = np.random.default_rng(9)
    layers, center = _net(rng, [8, 64, 64, 1], 30), rng.normal(size=8)
    found = bound_network(layers, "tanh", (center - 0.1, center + 0.1))
    value, slope = _plain_intervals(layers, "tanh", center - 0.1, center + 0.1)
    assert np.all(found.value.width <= 0.1 * value)
    assert np.all(found.derivative.width <= 0.1 * slope)


@pytest.mark.every(2)
@pytest.mark.parametrize("name", ["tanh", "relu", "gelu", "sin"])
@pytest.mark.parametrize("radius", [10.0, pytest.param(1e3, marks=SLOW)])
def test_never_wider_than_plain_intervals_on_large_boxes(name, radius):
    rng = np.random.default_rng(10)
    layers, box = _net(rng, [3, 10, 10, 2], 3), np.full(3, radius)
    found = bound_network(layers, name, (-box, box))
    value, slope = _plain_intervals(layers, name, -box, box)
    assert np.all(found.value.width <= value * (1 + 1e-9))
    assert np.all(found.derivative.width <= slope * (1 + 1e-9) + 1e-9)


def test_one_rising_neuron_has_the_range_of_its_ends():
    layers = [(np.array([[2.0]]), np.array([0.5])), (np.array([[3.0]]), np.array([-1.0]))]
    found = bound_network(layers, "tanh", ([-0.4], [0.9]))
    assert found.value.lo[0] == pytest.approx(3 * np.tanh(-0.3) - 1, rel=1e-13)
    assert found.value.hi[0] == pytest.approx(3 * np.tanh(2.3) - 1, rel=1e-13)
    assert found.derivative.hi[0, 0] == pytest.approx(6.0, rel=1e-6)  # tanh' is 1 at x = -1/4
    assert found.derivative.lo[0, 0] == pytest.approx(6 / np.cosh(2.3) ** 2, rel=1e-2)
    assert found.value.note == "attained to 6 digits"


def test_a_linear_network_has_the_range_of_exact_fractions():
    rng = np.random.default_rng(11)
    layers = _net(rng, [4, 3, 2], 2)
    low, high = np.array([-1.0, 0.25, 3.0, -0.5]), np.array([2.0, 0.75, 3.0, 0.125])
    found = bound_network(layers, "identity", (low, high))

    def exact(values):
        return np.array([Fraction(float(v)) for v in values.ravel()]).reshape(values.shape)

    pairs = [
        (exact(layers[1][0][m]) @ exact(layers[0][0][m]),
         exact(layers[1][0][m]) @ exact(layers[0][1][m]) + exact(layers[1][1][m]))
        for m in range(2)
    ]  # fmt: skip
    weight, bias = ((pairs[0][k] + pairs[1][k]) / 2 for k in range(2))
    for o in range(2):
        ends = [
            [w * Fraction(a), w * Fraction(b)] for w, a, b in zip(weight[o], low, high, strict=True)
        ]
        least = bias[o] + sum(min(e) for e in ends)
        most = bias[o] + sum(max(e) for e in ends)
        assert Fraction(found.value.lo[o]) <= least and most <= Fraction(found.value.hi[o])
        assert float(most - least) == pytest.approx(found.value.width[o], rel=1e-12)
        assert found.derivative.lo[o] == pytest.approx(weight[o].astype(float), rel=1e-12)


def test_members_that_cancel_are_bounded_as_one_function():
    rng = np.random.default_rng(12)
    first, last = rng.normal(size=(1, 12, 2)), rng.normal(size=(1, 1, 12))
    # f and -f: the mean is 0, the mean of the separate ranges is as wide as f.
    layers = [
        (np.concatenate([first, first]), np.zeros((2, 12))),
        (np.concatenate([last, -last]), np.zeros((2, 1))),
    ]
    box = np.array([0.1, 0.2])
    alone = bound_network(
        [(first, np.zeros((1, 12))), (last, np.zeros((1, 1)))], "tanh", (-box, box)
    )
    found = bound_network(layers, "tanh", (-box, box))
    assert found.value.width[0] <= 0.02 * alone.value.width[0]


def test_thorough_is_narrower_and_still_holds():
    rng = np.random.default_rng(13)
    layers, center = _net(rng, [3, 8, 8, 1], 1), rng.normal(size=3)
    box = center - 0.5, center + 0.5
    quick, slow = (bound_network(layers, "tanh", box, thorough=t) for t in (False, True))
    assert np.all(slow.derivative.width <= quick.derivative.width)
    assert slow.derivative.width.sum() < 0.995 * quick.derivative.width.sum()
    value, slope = _evaluate(layers, "tanh", _points(rng, *box, 20000))
    assert np.all((value >= slow.value.lo) & (value <= slow.value.hi))
    assert np.all((slope >= slow.derivative.lo) & (slope <= slow.derivative.hi))

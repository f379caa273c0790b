"""Paths of the chain rule at their limits: very long ones, and too many to be listed."""

import math

import numpy as np
import pytest

import taylored as ty
from taylored.networks.chain_graph import Edge, Graph, Node
from taylored.networks.chain_influence import PathInfluence


def line(count: int) -> Graph:
    """Values in a row, each made of the one before."""
    nodes = tuple(Node(f"v{k}", "step" if k else "", 1.0, 1.0, "", k) for k in range(count))
    edges = tuple(Edge(f"v{k - 1}", f"v{k}", 1.0, "number", "1", 1.0) for k in range(1, count))
    return Graph(nodes, edges, {})


def test_a_path_may_be_longer_than_python_recurses():
    (path,) = line(3000).paths("v0", "v2999")
    assert [edge.target for edge in path] == [f"v{k}" for k in range(1, 3000)]


def test_paths_lead_over_every_way_once():
    nodes = tuple(Node(name, "" if name == "a" else "step", 1.0, 1.0, "", k)
                  for k, name in enumerate("abcd"))  # fmt: skip
    ends = ["ab", "ac", "bc", "bd", "cd"]
    graph = Graph(nodes, tuple(Edge(a, b, 1.0, "number", "1", 1.0) for a, b in ends), {})
    found = ["".join(e.source for e in path) + "d" for path in graph.paths("a", "d")]
    assert sorted(found) == ["abcd", "abd", "acd"]
    assert graph.paths_to("d")["a"] == 3


def test_paths_that_are_not_listed_are_not_said_to_give_zero():
    influence = PathInfluence("x", "f", 2.5, (), math.nan, 2.5, math.nan, "There are too many.")
    text = influence.report(width=80)
    assert text.startswith("∂f/∂x = 2.5: paths not counted.")
    assert [row.strip() for row in text.splitlines() if "too many" in row] == [
        "There are too many."
    ]


def test_none_of_the_paths_may_be_asked_for():
    influence = ty.chain("x*exp(x)", {"x": 1.0}).influence("x", paths=0)
    text = influence.report(width=80)
    assert "no path" not in text
    assert "and 2 more paths, together" in text
    assert influence.rest == pytest.approx(2.0 * np.e, rel=1e-15)


def test_data_keep_their_names_where_arguments_are_counted_from_the_end():
    import jax.numpy as jnp

    def loss(data, w):
        return jnp.sum((data * w) ** 2)

    data, w = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    found = ty.chain(loss, data, args=(w,), argnums=-1)
    assert found.inputs == ("w",)
    assert "data * w" in [node.operation for node in found.nodes]
    assert list(found.gradient) == [6.0, 32.0]


def test_an_endless_slope_of_an_array_leaves_no_rest():
    import jax.numpy as jnp

    influence = ty.chain(lambda x: jnp.sum(jnp.sqrt(x)), np.array([0.0, 1.0])).influence("x")
    assert list(influence.total) == [math.inf, 0.5]
    assert list(influence.rest) == [0.0, 0.0]


def test_latex_says_where_it_leaves_values_out():
    steps = "x"
    for _ in range(40):
        steps = f"sin({steps})"
    assert r"\vdots" in ty.chain(steps, {"x": 1.0}).latex()
    assert r"\vdots" not in ty.chain("sin(x)", {"x": 1.0}).latex()


def test_how_many_paths_may_be_a_number_of_numpy():
    assert len(ty.chain("x*exp(x)", {"x": 1.0}).influence("x", np.int64(1)).paths) == 1


def test_the_influence_of_one_input_is_as_known_as_the_chain_rule():
    smooth, kinked = ty.chain("x*exp(x)", {"x": 1.0}), ty.chain("max(x, 0)*exp(x)", {"x": 0.0})
    assert smooth.influence("x").accuracy == "estimated"
    assert kinked.accuracy == "unknown" and kinked.influence("x").accuracy == "unknown"
    assert "estimated" not in kinked.influence("x").report()

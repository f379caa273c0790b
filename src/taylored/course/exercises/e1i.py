"""1I: rank 1,000 inputs of a small network by one pass backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from taylored.course.checking import Case, Code, Exercise, Judged, Parameters, Wrong
from taylored.course.checking.terms import any_of

__all__ = ["EXERCISE", "Net", "play"]

_INPUTS, _HIDDEN, _CALLS = 1000, 6, 3


class Net:
    """y = v . tanh(W x + b), with its weights open and its calls counted."""

    def __init__(self, seed: int):
        rng = np.random.default_rng(seed)
        self.W = rng.normal(0.0, 1.0, (_HIDDEN, _INPUTS)) * rng.choice([0.3, 1.0], _INPUTS) / 40
        self.b = rng.normal(0.0, 0.8, _HIDDEN)
        self.v = rng.choice([-1.0, 1.0], _HIDDEN) * rng.uniform(0.6, 1.6, _HIDDEN)
        self.calls = 0

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        if type(x).__module__.startswith("jax"):  # so that jax.grad(net) works
            import jax.numpy as jnp

            return jnp.dot(self.v, jnp.tanh(jnp.dot(self.W, x) + self.b))
        return float(self.v @ np.tanh(self.W @ np.asarray(x, dtype=float) + self.b))


def data(seed: int) -> tuple[Net, np.ndarray, np.ndarray]:
    """A net, a point, and how far each input may be off."""
    rng = np.random.default_rng((seed, 1))
    return Net(seed), rng.normal(0.0, 1.0, _INPUTS), rng.lognormal(-1.0, 0.7, _INPUTS)


def play(function: Callable[..., Any], p: Parameters, cases: list[Case]) -> list[Any]:
    """The calls used and the indices returned, for every net."""
    rows = []
    for (seed,) in cases:
        net, x, spread = data(int(seed))
        found = np.asarray(function(net, x.copy(), spread.copy()), dtype=float).ravel()
        if len(found) != p.k:
            raise ValueError(f"{len(found)} numbers were returned; {p.k} indices are wanted")
        rows.append([net.calls, *found])
    return rows


def _slopes(net: Net, x: np.ndarray) -> np.ndarray:
    u = np.tanh(net.W @ x + net.b)
    return net.W.T @ (net.v * (1 - u * u))


def _top(p: Parameters, score: np.ndarray) -> list[int]:
    return np.argsort(-score, kind="stable")[: p.k].tolist()


def _ranking(score: Callable[..., np.ndarray]) -> Callable[..., bool]:
    """Whether an answer ranks by this score instead of the right one."""

    def when(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        for (seed,), output in zip(cases, outputs, strict=True):
            net, x, spread = data(int(seed))
            if np.asarray(output)[1:].tolist() != _top(p, score(net, x, spread)):
                return False
        return True

    return when


def _effect(net: Net, x: np.ndarray, spread: np.ndarray) -> np.ndarray:
    return np.abs(_slopes(net, x)) * spread


def _linear(net: Net, x: np.ndarray, spread: np.ndarray) -> np.ndarray:
    return np.abs(net.W.T @ net.v) * spread


def _twice(net: Net, x: np.ndarray, spread: np.ndarray) -> np.ndarray:
    u = np.tanh(net.W @ x + net.b)
    return np.abs(net.W.T @ (net.v * (1 - np.tanh(u) ** 2))) * spread


def _judge(p: Parameters, cases: list[Case], outputs: list[Any]) -> Judged:
    rows = [np.asarray(o, dtype=float) for o in outputs]
    wanted = [_top(p, _effect(*data(int(seed)))) for (seed,) in cases]
    calls = int(max(row[0] for row in rows))
    fits = [row[1:].tolist() == top for row, top in zip(rows, wanted, strict=True)]
    right = all(fits) and calls <= _CALLS
    at = fits.index(False) if False in fits else 0
    hits = len(set(rows[at][1:].tolist()) & set(wanted[at]))
    return Judged(
        right, f"{len(rows)} models with {_INPUTS} inputs",
        f"{', '.join(f'{v:g}' for v in rows[at][1:])}, with {calls} runs of the model",
        f"the {p.k} strongest in order, with at most {_CALLS} runs",
        "" if right else f"{hits} of {p.k} indices belong there, in whatever order",
    )  # fmt: skip


def _rankings(*scores: Callable[..., np.ndarray]) -> Callable[..., bool]:
    """Whether an answer ranks by one of these scores."""
    seen = [_ranking(score) for score in scores]
    return any_of(*seen)


def _u(net: Net, x: np.ndarray) -> np.ndarray:
    return np.tanh(net.W @ x + net.b)


def _sloped(rule: Callable[[np.ndarray], np.ndarray]) -> Callable[..., np.ndarray]:
    """The effects with another slope of the tanh, from its value."""
    return lambda net, x, spread: np.abs(net.W.T @ (net.v * rule(_u(net, x)))) * spread


def _by_size(net: Net, x: np.ndarray, spread: np.ndarray) -> np.ndarray:
    return np.abs(net.W).T @ np.abs(net.v * (1 - _u(net, x) ** 2)) * spread


def _without_bias(net: Net, x: np.ndarray, spread: np.ndarray) -> np.ndarray:
    return np.abs(net.W.T @ (net.v * (1 - np.tanh(net.W @ x) ** 2))) * spread


def _wanted(p: Parameters, case: Case) -> list[int]:
    return _top(p, _effect(*data(int(case[0]))))


EXERCISE = Exercise(
    id="1I",
    title="Rank 1,000 inputs in one pass",
    answer=Code(
        name="most_influential",
        starter="import numpy as np\n\n\ndef most_influential(net, x, spread):\n"
        "    u = np.tanh(net.W @ x + net.b)  # forward\n"
        "    # backward: all 1,000 derivatives of y = v . u at once\n    return []\n",
        returns="<<k>> indices, strongest first",
        player="e1i:play",
    ),
    parameters=lambda rng: {"k": rng.choice([5, 6, 7, 8])},
    inputs=lambda rng, p: (rng.randint(1, 10**6),),
    count=3,
    right=lambda p, seed: [0.0, *_top(p, _effect(*data(int(seed))))],
    judge=_judge,
    wrong=[
        Wrong(
            name="One run of the model for each input",
            when=lambda p, cases, outputs: max(np.asarray(o)[0] for o in outputs) > _CALLS,
            hint="You change the inputs one after the other and run the model each time. The "
            "ranking may be right, but a thousand inputs cost a thousand runs, and each "
            "difference carries an error from its step besides. Go backward instead. The result "
            "listens to only six numbers, the entries of u. What is each of them worth? That is "
            "the vector v. Before the tanh stands the sum s = W x + b: what is one unit of each s "
            "worth? Multiply by the slope of the tanh there, and you have six numbers. Now one "
            "input reaches the result through all six sums, each with its weight. Adding up these "
            "six ways, for all inputs at once, is a single product with a matrix.",
        ),
        Wrong(
            name="The spread is not used",
            when=_ranking(lambda net, x, spread: np.abs(_slopes(net, x))),
            hint="Your derivatives are right, and you rank by their size. But a derivative says "
            "only what one unit of an input would do. Some inputs here are known to a tenth of a "
            "unit, others are off by several. An input with a large derivative that is known "
            "exactly does no harm at all, while a weak one that is badly known may move the "
            "result a lot. The effect of an input is its derivative times how far it may be off, "
            "as in the worked example, where the input with the smallest derivative came first. "
            "The third argument, spread, holds these numbers, in the same order as x. Multiply "
            "before you sort.",
        ),
        Wrong(
            name="The sign decides instead of the size",
            when=_rankings(
                lambda net, x, spread: _slopes(net, x) * spread,
                lambda net, x, spread: -_slopes(net, x) * spread,
            ),
            hint="You rank by derivative times spread, which is right but for the sign. An input "
            "with a strongly negative derivative pulls the result down as hard as a positive one "
            "pushes it up, but in your ranking it comes last, behind inputs that do nothing at "
            "all. The question was which inputs move the result most, whichever way, so the size "
            "counts and the sign does not. Take the absolute value before you sort. A sign that "
            "something is wrong: about half of the strong inputs have a negative derivative, but "
            "in your list there is none. Print the derivatives of the inputs that you return and "
            "look at their signs.",
        ),
        Wrong(
            name="The weakest come first",
            when=_ranking(lambda net, x, spread: -_effect(net, x, spread)),
            hint="Your effects are right, but you return the other end of the list. The sorting "
            "functions of NumPy and Python go from small to large, so the first indices after "
            "sorting belong to the inputs that matter least. The strongest ones stand at the end. "
            "Either sort the negative numbers, so that the largest effect becomes the smallest "
            "number; or sort as before, take the last few, and turn their order around with "
            "[::-1], since the strongest is to come first. A quick test is to print the effects "
            "of the indices that you return: they should be large, and fall from the first to the "
            "last.",
        ),
        Wrong(
            name="Right ones, but weakest of them first",
            when=lambda p, cases, outputs: all(
                np.asarray(o)[1:].tolist() == _top(p, _effect(*data(int(seed))))[::-1]
                for (seed,), o in zip(cases, outputs, strict=True)
            ),
            hint="You have found exactly the right inputs; only their order is turned around. The "
            "sorting functions go from small to large, so when you take the last few of a sorted "
            "list, they stand there with the strongest at the very end. The task asks for the "
            "strongest first, because a reader of a ranking looks at the top and may stop after "
            "two lines. Turn the piece around with [::-1] after cutting it off, or sort the "
            "effects with a minus in front and take the first few. Print the effects in the order "
            "of your indices: they should become smaller from the first to the last.",
        ),
        Wrong(
            name="The slope of the tanh is left out",
            when=_ranking(_linear),
            hint="You have multiplied the weights of the two layers, which would be right if "
            "there were nothing between them. But between them stands the tanh, which flattens "
            "whatever is large. A hidden number that is far out on the flat part of the curve "
            "hardly reacts any more, and an input that acts only through it hardly matters, "
            "however large its weights are. The chain rule has a factor for each stage, so for "
            "each of the six hidden numbers the slope of the tanh has to come in, at the place "
            "where that number is now. The slope of tanh(s) is 1 − tanh(s)², and you have tanh(s) "
            "from the way forward: it is u.",
        ),
        Wrong(
            name="The slope of the tanh is taken wrongly",
            when=_rankings(
                _twice,
                _sloped(lambda u: 1 - u),
                _sloped(lambda u: u),
                _sloped(lambda u: 1 + u * u),
                _sloped(lambda u: (1 - u * u) ** 2),
                _sloped(lambda u: u * (1 - u)),
                _without_bias,
            ),
            hint="The stages are all there, but the slope of the tanh is not right. The slope of "
            "tanh(s) is one minus the square of tanh(s). Two slips are common. One is to forget "
            "the square. The other is to apply the tanh a second time: u already is the tanh of "
            "the sum, so the slope is made of u itself, not of tanh(u). Check it at two places. "
            "At s = 0 the tanh passes steepest, with the slope 1, and u = 0 gives that. Far out u "
            "is nearly 1 or −1, the curve is flat, and the slope must be near 0 on both sides; "
            "without the square it would be near 2 on the left.",
        ),
        Wrong(
            name="Ranked by the size of the input",
            when=_rankings(
                lambda net, x, spread: np.abs(_slopes(net, x) * x),
                lambda net, x, spread: np.abs(_slopes(net, x) * x) * spread,
                lambda net, x, spread: _slopes(net, x) * x,
                lambda net, x, spread: np.abs(x),
            ),
            hint="You have multiplied each derivative by the input itself. That answers another "
            "question: what would happen if every input changed by the same share of its value, "
            "one percent each? It is called elasticity, and it is of use where nothing is known "
            "about the errors. Here something is known: the third argument, spread, says how far "
            "each input may be off, and it has nothing to do with how large the input is. A large "
            "input may be known very exactly, and one near zero may be quite uncertain. So use "
            "spread in the place of x, take the absolute value, and sort. The rest of your work, "
            "the way backward, can stay.",
        ),
        Wrong(
            name="The weights to the result are left out",
            when=_ranking(lambda net, x, spread: np.abs(net.W.T @ (1 - _u(net, x) ** 2)) * spread),
            hint="You go back through W and through the slopes of the tanh, but the last step of "
            "the model is missing: the result is the sum of the six numbers u, each times its own "
            "weight in v. So one unit of a u is worth as much as its weight in v says, and some of "
            "these weights are negative. The way back starts just there, at the result, with the "
            "six numbers of v. Multiply them, entry by entry, by the slopes of the tanh; then go "
            "through W to the thousand inputs. Without v all six would count the same, and their "
            "pulls would be added where they should partly cancel.",
        ),
        Wrong(
            name="The ways are added by their size",
            when=_ranking(_by_size),
            hint="You have taken absolute values before the sum. An input reaches the result by "
            "six ways, one through each u. Some of them push the result up and some pull it down, "
            "and in the derivative they cancel in part: first add them up with their signs, then "
            "take the absolute value of the sum, once. What you have is an upper limit for the "
            "effect, as if all six ways worked in the same direction. That is a useful number too, "
            "but not the derivative, and it puts other inputs in front. In NumPy: np.abs around "
            "the whole product with W, and not around its parts.",
        ),
        Wrong(
            name="The spread is used in another way",
            when=_rankings(
                lambda net, x, spread: np.abs(_slopes(net, x)) / spread,
                lambda net, x, spread: np.abs(_slopes(net, x)) * spread**2,
                lambda net, x, spread: spread,
            ),
            hint="Your derivatives may be right, but the spread does not come in as it should. The "
            "effect of an input is how much one unit of it changes the result, times how many "
            "units it may be off. So each absolute derivative is multiplied by the spread of this "
            "input, once. It is not divided by it, for an input that is known badly matters more "
            "and not less; it is not squared; and the spread alone is not enough either, since an "
            "input that nothing listens to does no harm, however badly it is known. Check it with "
            "the worked example of the lesson, which has four inputs.",
        ),
        Wrong(
            name="Only the weights of the first layer are ranked",
            when=_rankings(
                lambda net, x, spread: net.W.sum(axis=0) * spread,
                lambda net, x, spread: np.abs(net.W.sum(axis=0)) * spread,
                lambda net, x, spread: np.abs(net.W).sum(axis=0) * spread,
                lambda net, x, spread: np.abs(net.W[0]) * spread,
                lambda net, x, spread: np.abs(net.W).sum(axis=0),
            ),
            hint="You rank by the numbers in W alone. They tell how strongly an input pulls at the "
            "six sums, but not what becomes of that pull afterwards. A sum that lies far out, "
            "where the tanh is flat, passes on next to nothing, and what is passed on is then "
            "weighted by v, with its sign. So W has to be combined with the two other factors: the "
            "blame of the six sums is v times the slope of the tanh, entry by entry, and this "
            "vector of six goes through W to the inputs. One product of a vector with a matrix "
            "gives all thousand derivatives at once.",
        ),
        Wrong(
            name="The indices are counted from 1",
            when=lambda p, cases, outputs: all(
                (np.asarray(o)[1:] - 1).tolist() == _wanted(p, case)
                for case, o in zip(cases, outputs, strict=True)
            ),
            hint="Your ranking is right, and every index is too large by one. In this exercise, as "
            "everywhere in Python, the first input has the index 0 and the last of the thousand "
            "has 999. What np.argsort or enumerate give is already counted in this way, so "
            "nothing is to be added. If you build the indices in a loop of your own, let it run "
            "over range(1000), which begins at 0. It is a small matter, but a costly one: the "
            "person who goes out to measure better would measure at the neighbor of the right "
            "place. Take the 1 away, and it is right.",
        ),
        Wrong(
            name="The effects are returned, not their places",
            when=lambda p, cases, outputs: all(np.any(np.asarray(o)[1:] % 1) for o in outputs),
            hint="You return how large the effects are. Asked is which inputs have them: their "
            "indices, whole numbers from 0 to 999. Sorting the effects loses the places that they "
            "came from, so do not sort the effects themselves. np.argsort gives the places in the "
            "order of the values, from the smallest to the largest; with a minus in front of the "
            "effects the largest comes first, and the first few of that list are the answer. "
            "Without NumPy: sorted(range(1000), key=lambda i: effect[i], reverse=True) does the "
            "same, and is then cut to the number that is asked.",
        ),
        Wrong(
            name="One index is returned several times",
            when=lambda p, cases, outputs: any(len(set(np.asarray(o)[1:])) < p.k for o in outputs),
            hint="The same index stands in your list more than once. The list is to hold different "
            "inputs: the strongest, then the next, and so on. np.argmax gives one place only, "
            "that of the largest, however often it is asked. You could set that effect to zero "
            "and ask again, in a loop, but sorting is shorter: np.argsort gives all the places in "
            "the order of their effects, and you take as many of them as the question wants, "
            "starting with the strongest. Mind the direction: argsort begins with the smallest "
            "value, so put a minus in front of the effects.",
        ),
        Wrong(
            name="The right inputs, in another order",
            last=True,
            when=lambda p, cases, outputs: all(
                set(np.asarray(o)[1:].tolist()) == set(_wanted(p, case))
                for case, o in zip(cases, outputs, strict=True)
            ),
            hint="You have found the right inputs, all of them, and they stand in another order "
            "than that of their effects. The list is to begin with the strongest, since whoever "
            "reads it will go from the front. Perhaps the indices were sorted by their own size, "
            "or put into a set, which keeps no order; or a partial sort was used, as "
            "np.argpartition does, which separates the strongest from the rest and leaves them "
            "unsorted. Sort by the effect at the end: take np.argsort of minus the effects, and "
            "then the first few.",
        ),
    ],
    again="Backward: `g = net.v * (1 - u**2)` is what each of the six sums is worth; an input "
    "reaches them by its column of `net.W`. Effect: size of the derivative times `spread`. Sort, "
    "strongest first.",
    worked="Forward once: `u = np.tanh(net.W @ x + net.b)`. Backward once: `g = net.W.T @ (net.v "
    "* (1 - u**2))`, which holds all 1,000 derivatives. Then `effect = abs(g) * spread`, and "
    "`return np.argsort(-effect)[:<<k>>]`. No run of `net` is needed at all.",
)

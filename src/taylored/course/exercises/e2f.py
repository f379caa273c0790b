"""2F: all six gradients of the network 1-6-7-2, by backpropagation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np

from taylored.course.checking import Case, Code, Exercise, Judged, Parameters, Wrong
from taylored.course.exercises.walk import NAMES, TOLERANCE, Walk, model, wrong_ones

__all__ = ["EXERCISE", "flatten"]

_STARTER = '''import numpy as np

def gradients(t, y, W1, b1, W2, b2, W3, b3):
    """t: (1,), y: (2,); W1: (6, 1), W2: (7, 6), W3: (2, 7); b1: (6,), b2: (7,), b3: (2,)"""
    # forwards
    a1 = np.tanh(W1 @ t + b1)
    a2 = np.tanh(W2 @ a1 + b2)
    a3 = W3 @ a2 + b3
    # backwards: the blame of each layer, from the last to the first
    ...
    return dW1, db1, dW2, db2, dW3, db3
'''


def _inputs(rng: Random, p: Parameters) -> Case:
    def some(*shape: int) -> Any:
        if len(shape) == 1:
            return [rng.uniform(0.3, 1.1) * rng.choice([-1, 1]) for _ in range(shape[0])]
        return [some(shape[1]) for _ in range(shape[0])]

    return some(1), some(2), some(6, 1), some(6), some(7, 6), some(7), some(2, 7), some(2)


def flatten(function: Callable[..., Any], p: Any, cases: Sequence[Sequence[Any]]) -> list[Any]:
    """Call the learner's function, and lay its six arrays end to end: 77 numbers."""
    return [_joined(function(*case), case[2:]) for case in cases]


def _joined(found: Any, parameters: Sequence[Any]) -> list[float]:
    if found is None:
        raise TypeError("gradients returned None: is `return` missing?")
    if not isinstance(found, tuple | list) or len(found) != 6:
        count = len(found) if isinstance(found, tuple | list) else 1
        raise ValueError(f"gradients returned {count} things; six are wanted: {', '.join(NAMES)}")
    row: list[float] = []
    for name, part, like in zip(NAMES, found, parameters, strict=True):
        array, wanted = np.asarray(part, dtype=float), np.shape(like)
        turned = array.shape == (1, 6) and np.shape(found[2]) == (7, 6)  # or all are: seen later
        if array.size != np.prod(wanted) or turned:
            raise ValueError(
                f"{name} has the shape {array.shape}, and what it is the gradient by has {wanted}; "
                f"the order is {', '.join(NAMES)}"
            )
        row += array.ravel().tolist()
    return row


def _judge(p: Parameters, cases: list[Case], outputs: list[Any]) -> Judged:
    """Which of the six are right: farther back in the network more can go wrong."""
    wrong, worst = wrong_ones(cases, outputs), 0.0
    for case, output in zip(cases, outputs, strict=True):
        right, got = np.array(Walk(case).back()), np.ravel(np.asarray(output, dtype=float))
        worst = max(worst, float(np.max(np.abs(got - right)))) if got.size == 77 else np.inf
    said = ", ".join(f"{n} {'wrong' if n in wrong else 'right'}" for n in reversed(NAMES))
    gap = "" if not wrong else f"largest gap of an entry {worst:.3g}"
    return Judged(not wrong, f"{len(cases)} random networks and points", said, "all six right", gap)


_LOST = (
    "Between the sum z of a neuron and its answer a stands the bend. When z grows by a little, a "
    "grows by that little times the slope of tanh at z, which is one minus the square of a. On the "
    "way back every hidden layer must multiply the blame by this slope, entry by entry, after the "
    "transposed matrix. "
)


def _roughly(p: Parameters, cases: Sequence[Case], outputs: Sequence[Any]) -> bool:
    rights = [np.array(Walk(case).back()) for case in cases]
    return all(
        np.size(got) == right.size and np.max(np.abs(got - right)) <= 0.08 * np.max(np.abs(right))
        for got, right in zip(outputs, rights, strict=True)
    )


def _first_wrong(name: str, alone: bool = False) -> Callable[..., bool]:
    """Whether the first wrong gradient from the end is this one; `alone`: its partner is right."""

    def when(p: Parameters, cases: Sequence[Case], outputs: Sequence[Any]) -> bool:
        wrong = wrong_ones(cases, outputs)
        first = next((n for n in reversed(NAMES) if n in wrong), "")
        partner = ("dW" if first.startswith("db") else "db") + first[-1:]
        return first.startswith(name) and (not alone or partner not in wrong)

    return when


EXERCISE = Exercise(
    id="2F",
    title="All six gradients of 1-6-7-2",
    answer=Code(
        name="gradients",
        starter=_STARTER,
        returns="six arrays: dW1, db1, dW2, db2, dW3, db3",
        player="e2f:flatten",
    ),
    inputs=_inputs,
    count=6,
    tolerance=TOLERANCE,
    right=model(),
    judge=_judge,
    wrong=[
        Wrong(
            name="The slopes of both bends are missing",
            model=model(no1=True, no2=True),
            hint="Your last layer is right. In both hidden layers the slope of the bend is "
            "missing. "
            + _LOST
            + "Without it your gradient is that of a network of straight layers, which is another "
            "network. A way to see it: a neuron far out, where tanh is flat, can hardly be "
            "blamed, because its answer barely moves; with your code it gets as much blame as any "
            "other. Add the factor in both places where the blame enters a hidden layer.",
        ),
        Wrong(
            name="The slope of the first hidden layer is missing",
            model=model(no1=True),
            hint="The second hidden layer and the last one are right. What is missing is the "
            "slope of the bend in the first hidden layer, so dW1 and db1 are wrong. "
            + _LOST
            + "You have done it for the second layer; the first one has the same bend and is "
            "treated in the same way, with its own answers a1. Look at the two lines next to each "
            "other: they should differ only in the numbers of the layers.",
        ),
        Wrong(
            name="The slope of the second hidden layer is missing",
            model=model(no2=True),
            hint="The last layer is right. In the second hidden layer the slope of the bend is "
            "missing, and because the first layer gets its blame from the second, all four "
            "gradients before the last are wrong. "
            + _LOST
            + "You have done it for the first layer; do the same for the second, with its own "
            "answers a2. Mistakes close to the cost spoil everything farther back, so always "
            "check the gradients from the last layer to the first.",
        ),
        Wrong(
            name="The slope comes one step too late",
            model=model(shifted=True),
            others=(model(shifted=True, last=lambda z: 1 - z * z),),
            hint="You multiply by the slopes of the bends, but each of them comes one step too "
            "late. The blame of the sums z2 is needed for dW2 and db2, and it contains the slope "
            "of the bend of layer 2 already. In your code the gradients are formed from the blame "
            "of the answers, before the slope, and the slope enters only when the blame travels "
            "on. Weights and biases act on the sum, not on the answer: the bend lies between them "
            "and the cost. So first carry the blame through the transposed matrix, then multiply "
            "by the slope of this very layer, and only then form its two gradients. Do this for "
            "layer 2 and for layer 1.",
        ),
        Wrong(
            name="The last layer has been given a bend",
            model=model(last=lambda z: 1 - np.tanh(z) ** 2),
            others=(
                model(last=lambda z: 1 - z * z),
                model(last=lambda z: z * (1 - z)),
            ),
            hint="You have multiplied the blame of the outputs by a slope of tanh. But the last "
            "layer of this network has no bend: a3 is W3 a2 + b3 and nothing more, so that the "
            "outputs may be any numbers. Between its sum and its answer nothing happens, and so "
            "there is no slope to multiply by; or, if you like, the slope is 1. In your code the "
            "first factor of the whole way back is wrong, and with it all six gradients. Look at "
            "the line of the walk forwards in which a3 is made. Every bend that is there must "
            "come back as a slope, and no other.",
        ),
        Wrong(
            name="The 2 of the square is missing",
            model=model(factor=1.0),
            hint="All six gradients have the right direction and are half as long as they should "
            "be. The cost is the square of the miss, and when a square is differentiated, its "
            "exponent comes down in front as a factor. Some books write the cost with a ½ to "
            "cancel this factor; the cost here has none. For the direction of a step downhill it "
            "does not matter, and with a suitable step size such a network learns all the same, "
            "which is why this mistake is so often overlooked. But a gradient check would show it "
            "at once: all the quotients come out as exactly 2. Put the factor where the way back "
            "begins.",
        ),
        Wrong(
            name="The 2 of the square is missing, and the sign is wrong",
            model=model(factor=-1.0),
            hint="Your gradients have the right form, but they are half as long as they should be "
            "and point the wrong way. Both faults sit at one place, where the way back begins. "
            "The cost is the square of the miss. When a square is differentiated, its exponent "
            "comes down in front as a factor: that is the 2. And the inside of the square is "
            "answer minus wanted; if you take wanted minus answer, the inner derivative is −1, and "
            "it has to be multiplied in as well. Ask for one output: if the answer is too large, "
            "then raising the last bias makes the cost larger, so this derivative must be "
            "positive. Correct the blame of the last layer, and the rest follows.",
        ),
        Wrong(
            name="The slopes of the bends and the 2 of the square are missing",
            model=model(factor=1.0, no1=True, no2=True),
            hint="Two things are missing. At the beginning of the way back the 2: when the square "
            "of the miss is differentiated, its exponent comes down as a factor. And in both "
            "hidden layers the slope of the bend. "
            + _LOST
            + "Without it your gradient would be that of a network of straight layers. Mend the "
            "last layer first and check it with a central difference; then the second, then the "
            "first.",
        ),
        Wrong(
            name="The sign is wrong: wanted minus answer",
            model=model(factor=-2.0),
            hint="All six gradients have the right length and point the wrong way. You have taken "
            "the miss as y − a3. In the square the order does not matter, but in the derivative "
            "it does: the derivative of (a − y)² by a is 2(a − y). If you begin with (y − a)², "
            "the inner derivative is −1 and turns the sign back. With such a gradient a step "
            "downhill becomes a step uphill, and the cost grows from the first step on. Ask for "
            "one output: if the answer is too large, then raising the last bias makes the cost "
            "larger, so this derivative has to be positive.",
        ),
        Wrong(
            name="The sums are used in place of the answers",
            model=model(ins=lambda w: (w.t, w.z1, w.z2)),
            hint="The blame of every layer is right, and so are the gradients by the biases. In "
            "dW2 and dW3 you have multiplied by what came in before the bend, the sums z, in "
            "place of the answers a. Look at the walk forwards: W2 is multiplied by a1, not by "
            "z1. If a weight grows by a little, the sum it belongs to grows by that little times "
            "the number that comes in over this weight, and what comes in is the bent answer of "
            "the layer before. So take for each matrix the very column that stands to its right "
            "in the walk forwards.",
        ),
        Wrong(
            name="The gradients of the matrices are transposed",
            model=model(turned=True),
            hint="The gradients by the biases are right, and those by the matrices hold the right "
            "numbers, but with rows and columns exchanged. The gradient by a matrix has the shape "
            "of that matrix, entry by entry: the number in row j and column i says how the cost "
            "reacts to the weight in row j and column i. That weight leads from neuron i of the "
            "layer before to neuron j. So the blame goes down the rows, and what came in goes "
            "along the columns: a column of blame times a row of answers. In NumPy, "
            "np.outer(blame, answers). With the two exchanged you get the transposed matrix, and "
            "a step downhill would not even fit.",
        ),
        Wrong(
            name="The slope is that of the logistic function",
            model=model(slope=lambda z, a: a * (1 - a)),
            hint="The last layer is right. In the hidden layers you have used a(1 − a) for the "
            "slope of the bend. That is the slope of the logistic function, which goes from 0 to "
            "1. Here the bend is tanh, which goes from −1 to 1, and its slope is another "
            "expression of its answer. It must vanish where tanh is flat, at a = 1 and at a = −1, "
            "and be largest in the middle, where a is 0. Your expression is zero in the middle "
            "and negative for negative answers, although tanh climbs everywhere. Correct the two "
            "places in which the slope is used, or better, write one small function for it.",
        ),
        Wrong(
            name="The slope is taken of the sum instead of the answer",
            model=model(slope=lambda z, a: 1 - z * z),
            hint="The last layer is right. In the hidden layers you have one minus the square of "
            "the sum z, where one minus the square of the answer a is wanted. The slope of tanh "
            "at z is 1 − tanh(z)². As long as the sums are small the two are close, so a quick "
            "test may not show it; but for a sum of 3 yours would be −8, a steep slope downwards, "
            "while tanh climbs everywhere and its slope is never outside 0 and 1. You have the "
            "answers a1 and a2 from the walk forwards, so use them: there is no need to compute "
            "tanh again.",
        ),
        Wrong(
            name="The gradients by the biases are all ones",
            model=model(biases=lambda *d: [np.ones_like(v) for v in d]),
            hint="The gradients by the matrices are right. For the biases you have returned ones. "
            "It is true that the derivative of a sum z by its bias is 1, since the bias is added "
            "as it is. But that is only the last link of the chain. Asked is the derivative of "
            "the cost, and between the sum and the cost lies all the rest of the network, which "
            "is summed up in the blame of the layer. A weight gets the blame times what came in; "
            "a bias gets the blame times 1. So you have these gradients already, under another "
            "name. Think of the bias as the weight of an extra input that is always 1.",
        ),
        Wrong(
            name="The gradients by the biases are zero",
            model=model(biases=lambda *d: [np.zeros_like(v) for v in d]),
            hint="The gradients by the matrices are right, so the blame of each layer is right "
            "too. For the biases you have returned zeros. A bias is added to the sum, and if it "
            "grows by a little, the sum grows by just as much; so it is not without effect. The "
            "derivative of the sum by its bias is 1, and the blame of the sum is therefore also "
            "the blame of the bias. You have this number already: it is the one that you multiply "
            "by what came in, for the matrix. Think of a bias as the weight of one more input that "
            "is always 1. So return the blame of each layer, as it is, for the biases of this "
            "layer.",
        ),
        Wrong(
            name="The slope of tanh is not 1 − a²",
            model=model(slope=lambda z, a: 1 - a),
            others=(
                model(slope=lambda z, a: 1 - np.tanh(a) ** 2),
                model(slope=lambda z, a: 1 + a * a),
                model(slope=lambda z, a: 1 / np.cosh(z)),
                model(slope=lambda z, a: a),
            ),
            hint="The last layer is right. In the hidden layers the slope of the bend is not the "
            "one of tanh. With a for the answer of a neuron, the slope of tanh is one minus the "
            "square of a: 1 where a is zero, and nearly zero where a is near 1 or −1. So a itself "
            "is squared, and it is not bent once more: a1 and a2 are already behind the bend. If "
            "you would rather use the sum z, the same slope is one over the square of cosh z. "
            "Write it as a small function, test it at a few numbers with a central difference, and "
            "use it in both hidden layers.",
        ),
        Wrong(
            name="The blame of the outputs is not that of this cost",
            model=model(miss=lambda a, y: 2 * a),
            others=(
                model(miss=lambda a, y: -2 * y),
                model(miss=lambda a, y: (a - y) / np.sqrt(np.sum((a - y) ** 2))),
                model(miss=lambda a, y: (a - y) ** 2),
                model(miss=lambda a, y: 2 * (a - y) ** 2),
                model(miss=lambda a, y: 2 * np.abs(a - y)),
                model(miss=lambda a, y: 2 * np.sum((a - y) ** 2) * np.ones(2)),
            ),
            hint="All six gradients are spoiled at the place where the way back begins. The cost "
            "is the sum of the squared misses of the two outputs, without a root and without a "
            "mean. So the blame of an output is two times its own miss, the answer minus what is "
            "wanted, and nothing else: not the answer alone, not the wanted value alone, not the "
            "miss divided by its length, and not the miss squared. If the cost were the length of "
            "the miss, you would divide by this length, and near the goal the steps would not "
            "become shorter. Write the cost as a sum over the two outputs, and derive it by one of "
            "them.",
        ),
        Wrong(
            name="The blame of layer 1 does not come through layer 2",
            model=model(skips=True),
            hint="The last layer and the second one are right. The first layer gets its blame from "
            "the second one, and it must be the finished blame of the sums z2: with the slope of "
            "the second bend already in it. You have gone back to the numbers before that slope "
            "was multiplied in, so on the way from the cost to the first layer one of the two "
            "bends is passed without notice. Every step back uses the last result, as it is: from "
            "d3 to d2, from d2 to d1. If you give each of them its name and use only the one "
            "before, this cannot happen.",
        ),
        Wrong(
            name="What came in is taken from another layer",
            model=model(outer1=lambda w, d: d * w.a1),
            others=(model(outer1=lambda w, d: d), model(outer1=lambda w, d: d * w.z1)),
            hint="The blame of every layer is right. In one of the gradients of the matrices you "
            "have multiplied it by the wrong numbers. A weight multiplies what comes into its own "
            "layer: for W1 that is the input t, for W2 it is a1, and for W3 it is a2. It is never "
            "the answer of the layer itself, which lies behind the weight, and it is not 1 either, "
            "which belongs to the bias. Read it from the walk forwards: what stands to the right "
            "of each matrix there is the number to take. The shapes help as well: the gradient by "
            "W2 has as many columns as a1 has numbers.",
        ),
        Wrong(
            name="The walk forwards is another one",
            vague=True,
            model=model(network={"end": np.tanh}),
            others=(
                model(network={"end": np.tanh}, last=lambda a: 1 - a * a),
                model(network={"biases": 0.0}),
                model(network={"bend": lambda z: np.maximum(z, 0)}),
                model(
                    network={"bend": lambda z: np.maximum(z, 0)}, slope=lambda z, a: 1.0 * (z > 0)
                ),
                model(
                    network={"bend": lambda z: 1 / (1 + np.exp(-z))}, slope=lambda z, a: a * (1 - a)
                ),
            ),
            hint="Your way back may be right, but it goes through a network that is not the one of "
            "the question: all gradients are off. In this network both hidden layers bend their "
            "sums by tanh, each layer adds its biases, and the last layer has no bend at all. "
            "Compare your walk forwards with the three lines of the starting text, and leave them "
            "as they are. A check that takes a minute: compute the cost from your a3, move one "
            "weight by 0.001, and compute it again. The change over 0.001 must be what your "
            "gradient says for this weight.",
        ),
        Wrong(
            name="It is nearly right: a difference with a coarse step",
            when=_roughly,
            last=True,
            hint="All six gradients are near the right ones, but not equal to them. That looks "
            "like differences in the place of derivatives: move a weight by a step, see how the "
            "cost changes, and divide. Such a number carries the bend of the cost as its error, "
            "and a step to one side only makes it worse. It is a good way to test a gradient, and "
            "lesson 2-5 uses it for that. Here the gradients themselves are asked, by the walk "
            "back; they are exact but for rounding, and one walk gives all 77 of them. If you want "
            "to stay with differences, go to both sides, and take a step near 1e-5.",
        ),
        Wrong(
            name="A gradient by a bias is not the blame of its layer",
            when=_first_wrong("db", alone=True),
            last=True,
            hint="The gradient by the matrix of a layer is right, so you have the right blame for "
            "this layer; the gradient by its biases is not right. It needs nothing new. A bias is "
            "added to the sum as it is, so the derivative of the cost by the bias is the blame of "
            "the sum, entry by entry: each neuron has its own. It is not summed over the neurons, "
            "not multiplied by anything that came in, and not taken from another layer. Look at "
            "the names in your return: after dW1 comes the blame of layer 1, after dW2 that of "
            "layer 2, after dW3 that of layer 3.",
        ),
        Wrong(
            name="The blame is right, the gradient by a matrix is not",
            when=_first_wrong("dW", alone=True),
            last=True,
            hint="The gradients by the biases show that the blame of the layers is right. In the "
            "gradient by a matrix it still has to be combined with what came in: the number in "
            "row j and column i is the blame of neuron j times the answer of neuron i of the "
            "layer before. So for W1 it is the blame of layer 1 with t, for W2 the blame of layer "
            "2 with a1, for W3 the blame of layer 3 with a2. The blame comes first and gives the "
            "rows. In NumPy this is np.outer(blame, what came in). Compare the shape with that of "
            "the matrix.",
        ),
        Wrong(
            name="The way back goes wrong between layer 3 and layer 2",
            when=_first_wrong("db2"),
            last=True,
            hint="The gradients of the last layer are right; those of the second layer are not. So "
            "the mistake lies in one line, the one that makes the blame of layer 2 out of that of "
            "layer 3. Three things belong into it: the blame of layer 3, the matrix W3, "
            "transposed, in front of it, and the slope of the bend of layer 2, one minus the "
            "square of a2, entry by entry. The result has 7 numbers, one for each neuron of layer "
            "2. Check each of the three, and that they are multiplied in this way: matrix times "
            "vector first, then entry by entry.",
        ),
        Wrong(
            name="The way back goes wrong between layer 2 and layer 1",
            when=_first_wrong("db1"),
            last=True,
            hint="Everything is right down to the second layer; only the first one is not. So the "
            "mistake lies in the line that makes the blame of layer 1 out of that of layer 2. It "
            "must be the twin of the line before: the blame of layer 2, the matrix W2, "
            "transposed, in front of it, and the slope of the bend of layer 1, one minus the "
            "square of a1, entry by entry. No further factor comes in; the 2 of the square is "
            "already in the blame from the beginning. The result has 6 numbers, one for each "
            "neuron of layer 1. Put the two lines below each other and compare.",
        ),
        Wrong(
            name="The way back starts wrongly",
            when=_first_wrong("db3"),
            last=True,
            hint="The gradients of the last layer are not right, and since all others are made "
            "from them, nothing behind can be right either. So begin there. The last layer has no "
            "bend; its answer is its sum. The cost is the sum of the squared misses, so the blame "
            "of each output is two times the answer minus what is wanted, with its sign. That "
            "alone is the gradient by b3. Test it by hand: raise the first entry of b3 by 0.001 "
            "and see by how much the cost grows. When this number fits, go on to W3, and then to "
            "the layers before.",
        ),
    ],
    again="The blame of the last layer is d3 = 2*(a3 - y). Then d2 = (W3.T @ d3) * (1 - a2**2), "
    "and d1 in the same way from d2 and W2. The gradient of each matrix is np.outer(blame, what "
    "came in), that of each bias the blame itself.",
    worked="The walk back, after the walk forwards that is given:\n\n```python\nd3 = 2 * (a3 - "
    "y)\nd2 = (W3.T @ d3) * (1 - a2**2)\nd1 = (W2.T @ d2) * (1 - a1**2)\ndW3, db3 = np.outer(d3, "
    "a2), d3\ndW2, db2 = np.outer(d2, a1), d2\ndW1, db1 = np.outer(d1, t), d1\nreturn dW1, db1, "
    "dW2, db2, dW3, db3\n```\n\nThe last layer has no bend, so $\\mathbf{d}_3$ has no slope. "
    "Every other blame goes through the transposed matrix of the layer after it and is multiplied "
    "by the slope of its own bend.",
)

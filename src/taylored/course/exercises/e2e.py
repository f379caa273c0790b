"""2E: the shapes of the matrices of a network, and how many parameters it has."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np

from taylored.course.checking import Exercise, Numbers, Parameters, Wrong

__all__ = ["EXERCISE"]


def _parameters(rng: Random) -> dict[str, Any]:
    n, h, m = 0, 0, 0
    while min(abs(n - h), abs(h - m), abs(n - m)) < 2:  # one more is a size of its own
        n, h, m = rng.sample(range(3, 12), 3)
    return {"n": n, "h": h, "m": m}


def _answer(p: Parameters, count: int, shapes: tuple[int, ...] = ()) -> list[int]:
    return [*(shapes or (p.h, p.n, p.m, p.h)), count]


def _all(p: Parameters) -> int:
    return p.h * p.n + p.h + p.m * p.h + p.m


def _right(p: Parameters) -> list[int]:
    return _answer(p, _all(p))


def _turned(p: Parameters) -> tuple[int, ...]:
    return p.n, p.h, p.h, p.m


def _shapes(outputs: list[Any]) -> tuple[float, ...]:
    found = np.ravel(outputs[0])
    return tuple(float(v) for v in found[:4]) if len(found) == 5 else (0.0, 1.0, 0.0, 1.0)


def _square(shapes: tuple[float, ...]) -> bool:
    return shapes[0] == shapes[1] or shapes[2] == shapes[3]


EXERCISE = Exercise(
    id="2E",
    title="Shapes of layers",
    answer=Numbers(
        names=("rows of W₁", "columns of W₁", "rows of W₂", "columns of W₂", "all parameters")
    ),
    parameters=_parameters,
    right=_right,
    tolerance=1e-9,
    wrong=[
        Wrong(
            name="Both matrices are transposed",
            model=lambda p: _answer(p, _all(p), _turned(p)),
            hint="The number of parameters is right, but in both matrices rows and columns are "
            "exchanged. In this lesson a layer works out W x + b with a column x. Every neuron "
            "takes its own row of W, walks along it and multiplies it by the numbers of x one by "
            "one. So there are as many rows as neurons, and each row is as long as there are "
            "inputs. A check by shapes: in the product of W and x the inner sizes have to be the "
            "same, so the columns of W must match the length of x. With your shapes the product "
            "could only be formed if x were a row on the left, which some programs do, but it is "
            "not what is asked here.",
        ),
        Wrong(
            name="The biases are not counted",
            model=lambda p: _answer(p, p.h * p.n + p.m * p.h),
            hint="All four shapes are right. In the number of parameters the biases are missing. "
            "Every neuron has, besides its weights, one number that says how easily it says yes: "
            "without it all the lines of the neurons would have to go through the origin. How "
            "many biases are there? One for each neuron that computes something, in the hidden "
            "layer and in the output layer; the inputs are given numbers and have none. Think of "
            "a bias as the weight of one more input that is always 1: then each row of a matrix "
            "is longer by one. Count again, layer by layer, rows times columns plus rows.",
        ),
        Wrong(
            name="The output layer has no biases",
            model=lambda p: _answer(p, _all(p) - p.m),
            hint="All four shapes are right, and the hidden layer is counted well. What is missing "
            "are the biases of the output layer. The last layer may have no bend, but it does "
            "have a bias: the outputs are W a + b, with a b of its own. Without it an output "
            "could not be right when all hidden answers happen to be zero, for then it would have "
            "to be zero too. Go through both layers in the same way: for each of its neurons a "
            "layer has as many weights as it has inputs, and one bias. Add the two layers, and "
            "compare the result with the one that you have.",
        ),
        Wrong(
            name="The hidden layer has no biases",
            model=lambda p: _answer(p, _all(p) - p.h),
            hint="All four shapes are right, and the output layer is counted well. What is missing "
            "are the biases of the hidden layer. Every hidden neuron compares a weighted sum with "
            "its own threshold, and that threshold is its bias. Without it each hidden neuron "
            "would switch exactly where the weighted sum is zero, so its line would have to go "
            "through the origin, and the folds could not be put where they are needed. Go through "
            "both layers in the same way: for each of its neurons a layer has as many weights as "
            "it has inputs, and one bias. Add up what the two layers have.",
        ),
        Wrong(
            name="The inputs have been given biases",
            model=lambda p: _answer(p, _all(p) + p.n),
            hint="All four shapes are right, but you have counted too many biases: the inputs have "
            "got some as well. The inputs are not neurons. Nothing is computed there; they are "
            "the numbers that the network is given, and drawings only show them as circles for "
            "convenience. A bias is added to a weighted sum, so there is one wherever a sum is "
            "formed: in each hidden neuron and in each output. Look at the formula of the first "
            "layer, W x + b: the b has as many numbers as W has rows, and it stands after x has "
            "been multiplied. Leave out those of the inputs, and the count is right.",
        ),
        Wrong(
            name="Transposed, and the biases are not counted",
            model=lambda p: _answer(p, p.h * p.n + p.m * p.h, _turned(p)),
            hint="Two things. First the shapes: a layer works out W x + b with a column x. Every "
            "neuron takes its own row of W and multiplies it with the numbers of x one by one. So "
            "W has as many rows as the layer has neurons, and as many columns as it has inputs; "
            "in your answer it is the other way round, for both matrices. Second the count: you "
            "have counted the weights only. Every neuron has one more number, its bias, and so "
            "both the hidden layer and the output layer add as many parameters as they have "
            "neurons. The inputs add none, since nothing is computed there.",
        ),
        Wrong(
            name="The second matrix is transposed",
            model=lambda p: _answer(p, _all(p), (p.h, p.n, p.h, p.m)),
            hint="The first matrix and the number of parameters are right; in the second matrix "
            "rows and columns are exchanged. The same rule holds for every layer: as many rows as "
            "it has neurons, as many columns as it has inputs. The neurons of the last layer are "
            "the outputs, and its inputs are the answers of the hidden layer. So ask first: how "
            "many numbers come out of this layer? These are the rows. How many go in? These are "
            "the columns. A check: the columns of the second matrix have to be equal to the rows "
            "of the first one, because what the first layer gives out is what the second takes in.",
        ),
        Wrong(
            name="The first matrix is transposed",
            model=lambda p: _answer(p, _all(p), (p.n, p.h, p.m, p.h)),
            hint="The second matrix and the number of parameters are right; in the first matrix "
            "rows and columns are exchanged. The same rule holds for every layer: as many rows as "
            "it has neurons, as many columns as it has inputs. The neurons of the first layer are "
            "the hidden ones; its inputs are those of the whole network. So ask first: how many "
            "numbers come out of this layer? These are the rows. How many go in? These are the "
            "columns. A check: the rows of the first matrix have to be equal to the columns of "
            "the second one, because what the first layer gives out is what the second takes in.",
        ),
        Wrong(
            name="The matrices are taken in the other order",
            model=lambda p: _answer(p, _all(p), (p.m, p.h, p.h, p.n)),
            hint="Both shapes are right, but they are exchanged: you have called the matrix of the "
            "outputs the first one. The layers are numbered in the order in which the numbers "
            "flow. The first matrix works on the inputs of the network and gives the hidden "
            "answers; the second one works on those and gives the outputs. It may be confusing "
            "that in the formula the first matrix stands on the right, next to x, with the second "
            "to the left of it, as in W₂ σ(W₁ x). This is the same as in the chain rule: what "
            "works first stands nearest to what it works on. Exchange the two pairs of numbers.",
        ),
        Wrong(
            name="The sizes of the layers are multiplied or added up",
            model=None,
            when=lambda p, cases, outputs: _wild(p, outputs[0]),
            hint="Your shapes are right, but the number of parameters is that of another kind of "
            "count: the layers' sizes multiplied with each other, or added. Between two layers "
            "there is one weight for every pair of a neuron before and a neuron after, so within "
            "one layer you multiply. But the two layers stand one behind the other, each with its "
            "own weights, so what they have is added. A weight belongs to one layer only: no "
            "number of the network joins an input with an output directly. Then there are the "
            "biases, one for each neuron of the hidden layer and of the output. Count: first "
            "matrix, first biases, second matrix, second biases.",
        ),
        Wrong(
            name="There is one bias for each layer",
            model=lambda p: _answer(p, p.h * p.n + p.m * p.h + 2),
            others=(lambda p: _answer(p, p.h * p.n + p.m * p.h + 1),),
            hint="All four shapes are right. In the number of parameters you have counted a single "
            "bias for a whole layer. But every neuron has a bias of its own: it is the number "
            "that says how easily this neuron says yes, and two neurons of a layer look for "
            "different things. In the formula of a layer the biases form a column, as long as "
            "there are neurons in the layer, and it is added to W x entry by entry; the shapes "
            "tell that it cannot be a single number. So add as many biases as the hidden layer "
            "has neurons, and then as many as there are outputs.",
        ),
        Wrong(
            name="The biases stand in the matrices",
            when=lambda p, cases, outputs: _shapes(outputs) == (p.h, p.n + 1, p.m, p.h + 1),
            hint="You have given each matrix one more column, for the biases. Some programs do "
            "that: they add an input that is always 1, and then a bias is a weight like the "
            "others. In this lesson a layer computes W x + b, and the biases are kept apart in a "
            "column b of their own. So a matrix has exactly as many columns as there are numbers "
            "coming in, and as many rows as the layer has neurons. The number of all parameters is "
            "the same in both ways of writing: the biases are counted once, either in the matrix "
            "or beside it.",
        ),
        Wrong(
            name="The second matrix does not take what the hidden layer gives",
            when=lambda p, cases, outputs: (
                _shapes(outputs) in ((p.h, p.n, p.m, p.n), (p.h, p.n, p.h, p.n))
            ),
            hint="The first matrix is right. The second one has the number of inputs of the "
            "network as its columns, but it never sees those inputs. What comes in there is what "
            "the hidden layer gives: one number for each hidden neuron. So the second matrix has a "
            "column for each hidden neuron, and a row for each output. Write the chain down with "
            "its sizes below it, inputs, hidden neurons, outputs: the first matrix leads from the "
            "first size to the second, the second matrix from the second size to the third. Where "
            "two matrices meet, the rows of one and the columns of the next must be equal.",
        ),
        Wrong(
            name="The matrices are square",
            when=lambda p, cases, outputs: _square(_shapes(outputs)),
            hint="You have given a matrix as many columns as rows. A matrix of a layer is square "
            "only if a layer happens to have as many neurons as numbers come in, and here the "
            "three sizes differ. The rows belong to the layer itself: a row for each of its "
            "neurons, for each neuron has its own weights. The columns belong to what comes in: "
            "each weight in a row multiplies one incoming number. So count first how many neurons "
            "the layer has, then how many numbers it is fed with, and write these two in this "
            "order. Do it for the hidden layer and then for the outputs.",
        ),
        Wrong(
            name="The shapes are right, the number of parameters is not",
            last=True,
            when=lambda p, cases, outputs: _shapes(outputs) == (p.h, p.n, p.m, p.h),
            hint="All four shapes are right. Only the total does not fit them. Count once more, "
            "one piece after the other. The first matrix has rows times columns weights, and so "
            "has the second. Each neuron has one bias in addition: as many as the hidden layer has "
            "neurons, and as many as there are outputs; the inputs are given and have none. So "
            "there are four numbers to be added, two for the weights and two for the biases. For "
            "the network 1-6-7-2 of the lesson, with three matrices, they were 6 + 42 + 14 weights "
            "and 6 + 7 + 2 biases. Do the same here, and nothing is multiplied with the total.",
        ),
        Wrong(
            name="One of the shapes does not fit",
            last=True,
            when=lambda p, cases, outputs: _shapes(outputs) != (p.h, p.n, p.m, p.h),
            hint="At least one of the four sizes is not what the layer needs. There is one rule "
            "for all of them: a matrix has as many rows as its layer has neurons, and as many "
            "columns as numbers come in. The first matrix belongs to the hidden layer; what comes "
            "in there are the inputs. The second one belongs to the outputs; what comes in there "
            "are the answers of the hidden neurons. So the number of hidden neurons appears twice, "
            "as the rows of the first matrix and as the columns of the second. The shapes must "
            "chain: W₂ can be multiplied with what W₁ gives. Then count the parameters from the "
            "shapes.",
        ),
    ],
    again="A row for each neuron of the layer, a column for each of its inputs. The parameters are "
    "rows times columns for each matrix, plus one bias for each row.",
    worked="$W_1$ has a row for each of the <<h>> hidden neurons and a column for each of the "
    "<<n>> inputs: $<<h>> \\times <<n>>$. $W_2$ has <<m>> rows and <<h>> columns. The parameters "
    "are $<<h>> \\cdot <<n>>$ weights and <<h>> biases, then $<<m>> \\cdot <<h>>$ weights and "
    "<<m>> biases; add these four numbers.",
)


def _wild(p: Parameters, output: Any) -> bool:
    """The shapes are right, and the count is a product or sum of the sizes."""
    found = [round(float(v)) for v in output] if len(output) == 5 else []
    counts = (p.n * p.h * p.m, p.n + p.h + p.m, p.n * p.h * p.m + p.h + p.m)
    return found[:4] == [p.h, p.n, p.m, p.h] and found[4] in counts

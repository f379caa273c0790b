"""2H: what a product of Jacobians costs, from the side of the inputs and of the outputs."""

from __future__ import annotations

from random import Random
from typing import Any

import numpy as np

from taylored.course.checking import Case, Exercise, Numbers, Parameters, Wrong

__all__ = ["EXERCISE"]


def _parameters(rng: Random) -> dict[str, Any]:
    return {"n": rng.choice([200, 300, 500, 700]), "k": rng.choice([20, 30, 40, 50]),
            "m": rng.choice([2, 3, 5])}  # fmt: skip


def _right(p: Parameters) -> list[int]:
    n, k, m = p.n, p.k, p.m
    return [k * k * n + m * k * n, m * k * k + m * k * n]


def _last_only(p: Parameters) -> list[int]:
    return [p.m * p.k * p.n] * 2


def _first_only(p: Parameters) -> list[int]:
    return [p.k * p.k * p.n, p.m * p.k * p.k]


def _entries(p: Parameters) -> list[int]:
    """How many entries the products have, instead of what they cost."""
    return [p.k * p.n + p.m * p.n, p.m * p.k + p.m * p.n]


def _with_sums(p: Parameters) -> list[int]:
    """Multiplications and additions."""
    n, k, m = p.n, p.k, p.m
    return [(2 * k - 1) * (k * n + m * n), (2 * k - 1) * (m * k + m * n)]


def _one_fewer(p: Parameters) -> list[int]:
    """k - 1 multiplications for each entry."""
    n, k, m = p.n, p.k, p.m
    return [(k - 1) * (k * n + m * n), (k - 1) * (m * k + m * n)]


def _multiplied(p: Parameters) -> list[int]:
    """The costs of the two products multiplied."""
    n, k, m = p.n, p.k, p.m
    return [k * k * n * m * k * n, m * k * k * m * k * n]


def _stored(p: Parameters) -> list[int]:
    return [p.m * p.k + p.k * p.k + p.k * p.n] * 2


def _apart(p: Parameters) -> list[int]:
    """Walks: one for each input, one for each output, each through all three matrices."""
    each = p.m * p.k + p.k * p.k + p.k * p.n
    return [p.n * each, p.m * each]


def _large_middle(p: Parameters) -> list[int]:
    return [p.k**3 + p.m * p.k * p.n] * 2


def _late_square(p: Parameters) -> list[int]:
    n, k, m = p.n, p.k, p.m
    return [k * k * n + m * k * k, m * k * k + m * k * n]


def _early_twice(p: Parameters) -> list[int]:
    return [_right(p)[0], 2 * p.m * p.k * p.k]


def _mixed(p: Parameters) -> list[int]:
    n, k, m = p.n, p.k, p.m
    return [k * k * m + m * k * n, n * k * k + m * k * n]


def _last_square(p: Parameters) -> list[int]:
    n, k, m = p.n, p.k, p.m
    return [k * k * n + k * k * n, m * k * k + k * k * n]


def _inner_lost_late(p: Parameters) -> list[int]:
    n, k, m = p.n, p.k, p.m
    return [k * k * n + m * n, m * k * k + m * n]


def _inner_lost_early(p: Parameters) -> list[int]:
    n, k, m = p.n, p.k, p.m
    return [k * n + m * k * n, m * k + m * k * n]


def _quotients(p: Parameters, outputs: list[Any]) -> list[float]:
    found = np.ravel(outputs[0])
    return [float(v) / right for v, right in zip(found, _right(p), strict=False)]


def _common_factor(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    first, second = (*_quotients(p, outputs), 0.0, 0.0)[:2]
    return first > 0 and abs(first - second) <= 1e-6 * first


def _one_right(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    return any(abs(q - 1) <= 1e-6 for q in _quotients(p, outputs))


EXERCISE = Exercise(
    id="2H",
    title="The price of forwards and of backwards",
    answer=Numbers(names=("forwards", "backwards")),
    parameters=_parameters,
    right=_right,
    tolerance=1e-6,
    wrong=[
        Wrong(
            name="Both ways are given the same cost",
            model=lambda p: [_right(p)[0]] * 2,
            others=(lambda p: [_right(p)[1]] * 2,),
            hint="One of your numbers is right, and you have given it for both ways. The result of "
            "the two ways is the same matrix, for it does not matter where the parentheses stand "
            "in a product. But the work is not the same, and this is the point of the question. "
            "Forwards, the first product is that of two large matrices, and each of its many "
            "entries takes a sum over the inner size. Backwards, the first product has only as "
            "many rows as there are outputs, so it is small. The second product costs the same in "
            "both ways. Work out the first product of each way by itself, rows times inner size "
            "times columns, and add the second one.",
        ),
        Wrong(
            name="Forwards and backwards are exchanged",
            model=lambda p: _right(p)[::-1],
            hint="Both of your numbers are right, but each stands in the other's field. Forwards "
            "means in the direction in which the computation runs: from the inputs to the "
            "outputs. The matrix of the first step is J₁, and it stands at the right; so forwards "
            "begins at the right end, with J₂ J₁, and multiplies by J₃ at last. Backwards begins "
            "at the left end, at the outputs. It is a little confusing because we read formulas "
            "from left to right, while maps are applied from right to left. Check with the sizes: "
            "with many inputs and few outputs, the products that keep the long side n are the "
            "expensive ones. Which of the two ways carries n along from the start?",
        ),
        Wrong(
            name="Only the last product is counted",
            model=_last_only,
            hint="You have counted one product of two matrices, but three matrices take two "
            "products, one after the other. What you have is the cost of the last of them, and it "
            "is the same whichever way one begins; the difference lies in the first one. Forwards "
            "the first product is J₂ J₁, backwards it is J₃ J₂. For a product of an r×s matrix "
            "and an s×t matrix each of the r·t entries takes s multiplications, so r·s·t in all. "
            "Work out this number for the first product, in each of the two orders, and add the "
            "number that you already have.",
        ),
        Wrong(
            name="Only the first product is counted",
            model=_first_only,
            hint="You have counted the first product in each order, and these two numbers are "
            "right. But three matrices take two products. What comes out of the first one still "
            "has to be multiplied by the matrix that is left over: forwards by J₃ from the left, "
            "backwards by J₁ from the right. For a product of an r×s matrix and an s×t matrix "
            "each of the r·t entries takes s multiplications, so r·s·t in all. The first product "
            "has the outer sizes of its two factors as its shape; write that shape down, then "
            "count what the second product takes, and add it.",
        ),
        Wrong(
            name="The entries are counted, not the multiplications",
            model=_entries,
            hint="You have counted how many entries the products have. Each entry, however, takes "
            "more than one multiplication: it is a row of the left matrix times a column of the "
            "right one, entry by entry, and then the sum. As many multiplications are needed as "
            "the row is long. For an r×s matrix times an s×t matrix there are r·t entries, and "
            "each of them takes s multiplications, so r·s·t in all. The size s, at which the two "
            "matrices meet, is no longer to be seen in the shape of the result; that is why it is "
            "easily forgotten. In both of your products it is the width of the hidden layers.",
        ),
        Wrong(
            name="The additions are counted too",
            model=_with_sums,
            others=(lambda p: [2 * v for v in _right(p)],),
            hint="You have counted every operation, the multiplications and the additions. That is "
            "an honest measure of the work, and the ratio of the two ways comes out the same. But "
            "asked here are the multiplications alone. Each entry of a product takes as many "
            "multiplications as the row is long, and one addition fewer, since the first term "
            "needs nothing to be added to. So your numbers are nearly twice too large. Count "
            "again, for each entry, only the products of a number from the row and a number from "
            "the column; then multiply by how many entries there are, and add up the two products.",
        ),
        Wrong(
            name="The costs of the two products are multiplied",
            model=_multiplied,
            hint="You have worked out both products and then multiplied their costs. But the "
            "second product is done once, after the first; it is not repeated for each step of "
            "the first one. Work that is done one thing after the other adds up. If washing takes "
            "ten minutes and drying takes twenty, the whole takes thirty minutes, not two "
            "hundred. (Multiplying is right inside one product: there, for each of the rows, all "
            "the columns are gone through, and for each of these pairs all the numbers along "
            "them.) Take the two costs that you have, and add them, for each of the orders.",
        ),
        Wrong(
            name="The numbers in the three matrices are counted",
            model=_stored,
            hint="You have added up how many numbers the three matrices hold. That is what has to "
            "be stored, or what a single walk with a single column costs, but not what their "
            "product takes, and so it comes out the same for both orders. When two matrices are "
            "multiplied, each number of the first is used many times, once for every column of "
            "the second. For an r×s matrix times an s×t matrix there are r·t entries to fill, and "
            "each takes s multiplications: r·s·t in all. Do this for the first product of each "
            "order, write down the shape of what comes out, and do it for the second one.",
        ),
        Wrong(
            name="Every walk goes through all three matrices",
            model=_apart,
            hint="You have counted one walk through the whole chain for each input, or for each "
            "output, and let every walk touch all entries of all three matrices. That is how a "
            "program might do it without forming any product at all; but here the products are "
            "formed, and the outermost matrix is no longer multiplied by anything: it is where "
            "one starts. Forwards one starts from J₁ as it is, and multiplies it by J₂ and then "
            "by J₃. So J₁ costs nothing by itself. For an r×s matrix times an s×t matrix count "
            "r·s·t multiplications, twice in each order, and add.",
        ),
        Wrong(
            name="One of the sizes is mistaken for another",
            model=_large_middle,
            others=(_late_square, _early_twice, _mixed, _last_square),
            hint="You have the right plan: two products, each with a cost of three sizes, and the "
            "two costs are added. But in one of them a size is not the right one. For a product of "
            "matrices, take the rows of the left one, the columns of the right one, and the size "
            "at which they meet. Forwards, the product of the two right matrices is formed first; "
            "it has k rows and n columns, and the last matrix, m times k, is then multiplied with "
            "it. Backwards, the product of the two left matrices comes first; it has m rows and k "
            "columns, and is then multiplied with the k by n matrix. Write the shape of every "
            "product beside it before you go on.",
        ),
        Wrong(
            name="All the sizes are multiplied at once",
            model=lambda p: [p.m * p.k * p.k * p.n] * 2,
            hint="You have multiplied all the sizes into one number. That would be the work if the "
            "three matrices had to be multiplied together in a single step, with every number of "
            "each meeting every number of the others. But matrices are multiplied two at a time. "
            "A first product is formed and written down, and only its result goes into the "
            "second. Each of the two has a cost of three sizes: rows of the left matrix, the size "
            "at which they meet, columns of the right one. The two costs are added. That is just "
            "why the order matters: it decides how large the matrix in between is.",
        ),
        Wrong(
            name="One multiplication too few is counted for each entry",
            model=_one_fewer,
            hint="For each entry of a product you have counted one multiplication less than it "
            "takes. An entry is a row times a column: the first number of the row times the first "
            "of the column, the second times the second, and so on to the end. With k numbers in "
            "the row these are k multiplications. One less is the number of additions: to add up k "
            "products there are k - 1 plus signs between them. So the multiplications are rows "
            "times k times columns. Try it with the smallest case: a row of 2 numbers times a "
            "column of 2 numbers takes 2 multiplications and 1 addition.",
        ),
        Wrong(
            name="The sum over the inner size is left out",
            model=_inner_lost_late,
            others=(_inner_lost_early,),
            hint="In one of the two products you have counted one multiplication for each entry of "
            "the result. But an entry is a row times a column: as many multiplications as there "
            "are numbers in the row, which is the size at which the two matrices meet. In both of "
            "the products here this size is k. So each product costs the number of its entries "
            "times k: rows times k times columns. Take a small case to see it: a 2 by 3 matrix "
            "times a 3 by 2 matrix has 4 entries, and each of them takes 3 multiplications, which "
            "makes 12 in all. Count both products in this way, then add.",
        ),
        Wrong(
            name="The additions come in as a factor, or the unit is another one",
            when=_common_factor,
            last=True,
            hint="Both of your numbers are the right ones times a common factor. Perhaps each "
            "multiplication was counted together with the addition that follows it, or the "
            "numbers were written in thousands. Asked are the multiplications of two numbers, one "
            "by one, and the full count. In the product of a row with a column of length k there "
            "are k multiplications; the additions between them are not counted here. So give rows "
            "times inner size times columns for each product, add the two, and leave the number "
            "as it is, without dividing by anything.",
        ),
        Wrong(
            name="One of the two numbers is right",
            when=_one_right,
            last=True,
            hint="One of your two numbers is right, and the other one is not. Do for it just what "
            "you did for the right one. Both ways form two products and add what they cost, and "
            "the cost of a product is always rows of the left matrix times the size at which they "
            "meet times columns of the right one. Only the first product differs. Forwards it is "
            "J₂ with J₁, both large; backwards it is J₃ with J₂, and J₃ has only a few rows. Write "
            "the shape of that first product down, put the third matrix beside it on the right "
            "side, and work out the second cost from these two shapes.",
        ),
    ],
    again="An r×s matrix times an s×t matrix takes r·s·t multiplications. Forwards: first J₂J₁, "
    "which has the shape k×n, then J₃ times that. Backwards: first J₃J₂, of shape m×k, then that "
    "times J₁. Add the two products of each order.",
    worked="Forwards: $J_2 J_1$ takes $<<k>> \\cdot <<k>> \\cdot <<n>>$ and gives a $<<k>> \\times "
    "<<n>>$ matrix; $J_3$ times that takes $<<m>> \\cdot <<k>> \\cdot <<n>>$. Backwards: $J_3 "
    "J_2$ takes $<<m>> \\cdot <<k>> \\cdot <<k>>$ and gives $<<m>> \\times <<k>>$; that times "
    "$J_1$ takes $<<m>> \\cdot <<k>> \\cdot <<n>>$. Add the two numbers of each order.",
)

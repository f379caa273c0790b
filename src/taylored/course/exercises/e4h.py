"""4H: multipliers as prices, of a limit that pushes and of one that is idle."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np

from taylored.course.checking import Case, Exercise, Numbers, Parameters, Wrong
from taylored.course.checking.terms import any_of, shows
from taylored.course.exercises.parts import entry_is

__all__ = ["EXERCISE"]


def _parameters(rng: Random) -> dict[str, Any]:
    room = rng.choice([500, 600, 800])
    return {
        "cost": rng.randint(40, 70) * 100, "price": rng.choice([13, 14, 16, 17, 19, 21, 22, 23]),
        "order": rng.choice([300, 350, 400, 450]), "more": rng.choice([8, 12, 15, 18]),
        "room": room, "used": room - rng.choice([60, 90, 120]), "larger": rng.choice([30, 40, 50]),
    }  # fmt: skip


def _right(p: Parameters) -> list[float]:
    return [p.cost + p.price * p.more, float(p.cost)]


def _charged(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """The order is right, and the store has the price of the order, with either sign."""
    found = [float(v) for v in np.ravel(outputs[0])]
    if len(found) != 2:
        return False
    order, store = found
    if abs(order - p.cost - p.price * p.more) > 0.5:
        return False
    paid = [p.price * k for k in (p.larger, 1, p.room, p.used, p.room + p.larger)]
    off = [abs(abs(store - p.cost) - each) for each in paid]
    return min(*off, abs(abs(store) - paid[0])) < 0.5


_EXACT = 5e-5


def _order_is(*forms: Callable[[Parameters], float]) -> Callable[..., bool]:
    return any_of(*(entry_is(0, form, _EXACT) for form in forms))


def _store_is(*forms: Callable[[Parameters], float]) -> Callable[..., bool]:
    return any_of(*(entry_is(1, form, _EXACT) for form in forms))


def _ordered(p: Parameters) -> float:
    return _right(p)[0]


def _after(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
    """Whether the first cost is right, and the second one starts from it."""
    price = p.price * p.larger
    store = _store_is(_ordered, lambda p: _ordered(p) - price, lambda p: _ordered(p) + price)
    return _order_is(_ordered)(p, cases, outputs) and store(p, cases, outputs)


def _wrong_at(at: int) -> Callable[..., bool]:
    """Whether this entry is the first that is not right, and not nearly right either."""
    good = [entry_is(k, lambda p, k=k: _right(p)[k], 1e-3) for k in range(2)]

    def when(p: Parameters, cases: list[Case], outputs: list[Any]) -> bool:
        fits = [see(p, cases, outputs) for see in good]
        return False in fits and fits.index(False) == at

    return when


EXERCISE = Exercise(
    id="4H",
    title="What is a limit worth?",
    answer=Numbers(names=("cost with the larger order", "cost with the larger store")),
    parameters=_parameters,
    right=_right,
    tolerance=1e-5,
    wrong=[
        Wrong(
            name="The store gets a price too, though it is not full",
            when=_charged,
            hint="The first number is right. For the second you have used the price of the order "
            "once more. But each limit has a multiplier of its own, and that of the store can be "
            "told without any calculation: the best plan does not fill the store. A limit that is "
            "not reached does not push. If someone moves the wall of a room in which you do not "
            "touch the wall, nothing changes for you. So its price is zero, and the cost stays "
            "what it was. Only limits that are reached, one calls them active, can have a price. "
            "Look at the text again: how much of the store is used?",
        ),
        Wrong(
            name="The sign of the change is wrong",
            model=lambda p: [p.cost - p.price * p.more, float(p.cost)],
            hint="The size of the change is right, and so is the idle store. But a larger order "
            "cannot make it cheaper. The rule for signs is easiest to find by asking "
            "whether a limit becomes tighter or looser. A larger order is a tighter limit: fewer "
            "plans are left to choose from, and the best of fewer plans cannot be better. So the "
            "least cost goes up, by about the price for each ton. A smaller order would be "
            "looser, and the cost would go down. With formulas the sign depends on how the "
            "constraint was written, so think of tight and loose, and let the formula follow.",
        ),
        Wrong(
            name="The price is counted once, not for every ton",
            model=lambda p: [float(p.cost + p.price), float(p.cost)],
            hint="You have added the multiplier itself to the cost. It is a price for one unit: "
            "so much for one ton more. The order grows by several tons, and each of them costs "
            "about the same, so the multiplier has to be taken as often as there are tons. Units "
            "keep this straight. The multiplier is in euros per ton. Multiply it by tons and the "
            "result is in euros, which can be added to a cost. Adding euros per ton to euros, as "
            "in your answer, makes no sense. Write the units behind each number of your "
            "calculation, and let them cancel.",
        ),
        Wrong(
            name="Those are the changes, not the new costs",
            model=lambda p: [float(p.price * p.more), 0.0],
            hint="You have found by how much the least cost changes in the two cases, and these "
            "changes are right. The question asks for the new costs themselves. A multiplier is a "
            "slope: how fast the optimum moves when the limit is moved. As with every slope, the "
            "tangent gives the new value as the old value plus slope times change. The old value "
            "is the least cost of the plan that stands in the text. Add it in both cases; where "
            "the change is zero the new cost is the old one, which is an answer too, and here "
            "the interesting one of the two.",
        ),
        Wrong(
            name="The price is multiplied with the whole order",
            model=lambda p: [float(p.price * (p.order + p.more)), float(p.cost)],
            hint="You multiply the price by all the tons of the new order. That would be the cost "
            "if every ton cost the same, from the first to the last. But a multiplier is a price "
            "at the margin: what one more ton costs, given that all the others are being made. "
            "The first tons are made on the best machine and are cheap, the last ones take "
            "overtime. So the whole cost is not price times amount, and the text tells you the "
            "whole cost anyway. Begin with it, and use the price only for the few tons by which "
            "the order grows, since a slope holds for small changes only.",
        ),
        Wrong(
            name="The store is charged, and the sign of the order is wrong",
            when=shows(
                lambda p: [p.cost - p.price * p.more, p.cost - p.price * p.larger],
                lambda p: [p.cost - p.price * p.more, p.cost + p.price * p.larger],
                tolerance=_EXACT,
            ),
            hint="Two things to mend. First the order: a larger one is a tighter limit, it leaves "
            "fewer plans to choose from, and the best of fewer plans cannot be cheaper. So the "
            "cost must go up and not down. Then the store. You charge it with the price of the "
            "order, but each limit has its own multiplier. Whether the store has one at all "
            "depends on whether it is full in the best plan, and the text says how much of it is "
            "used. A limit that is not touched does not push, and moving it changes nothing. Its "
            "price is therefore zero.",
        ),
        Wrong(
            name="The price has not been used",
            model=lambda p: [float(p.cost), float(p.cost)],
            hint="Your second number is right: the store is not full, so its limit costs "
            "nothing. But you say the same of the order, and there it is different. The "
            "plan makes just as much as the order asks for, so this limit is reached. It "
            "pushes, and moving it moves the best plan. By how much the least cost moves is "
            "what the multiplier says, in euros for one ton. The text gives it, and it "
            "gives the number of tons by which the order grows. The new cost is the old one "
            "plus the price times these tons. Which way it goes is clear without any "
            "formula: more has to be made.",
        ),
        Wrong(
            name="The cost after the change is not the change",
            when=shows(
                lambda p: [_ordered(p), 0.0],
                lambda p: [p.price * p.more, p.cost],
                lambda p: [float(p.price * p.more), _ordered(p)],
                tolerance=_EXACT,
            ),
            hint="One of your numbers is the cost after the change, as it should be, and the "
            "other is only the change itself. Both fields ask for a cost, in euros a day, "
            "that the factory will have. Where nothing changes, that is the cost of today "
            "and not zero: a factory that gets a larger store still has to pay for its "
            "work. Where the cost grows, it is the cost of today plus the growth. Read the "
            "two fields again, and start each of your calculations with the cost that "
            "stands in the text. Then add what changes, even if that is nothing.",
        ),
        Wrong(
            name="The cost is scaled in proportion",
            when=any_of(
                _order_is(
                    lambda p: p.cost * (p.order + p.more) / p.order,
                    lambda p: p.cost / p.order * p.more,
                    lambda p: p.cost * (p.order - p.more) / p.order,
                    lambda p: p.cost * p.order / (p.order + p.more),
                    lambda p: p.cost + p.cost / p.order * p.more * 2,
                ),
                _store_is(
                    lambda p: p.cost * (p.room + p.larger) / p.room,
                    lambda p: p.cost * p.room / (p.room + p.larger),
                    lambda p: p.cost * p.used / (p.room + p.larger),
                    lambda p: p.cost * p.used / p.room,
                    lambda p: p.cost * p.larger / p.room,
                    lambda p: p.cost * (p.room - p.larger) / p.room,
                    lambda p: p.cost * (p.room + p.larger) / p.used,
                    lambda p: p.cost * (p.used + p.larger) / p.used,
                    lambda p: p.cost * (p.used + p.larger) / p.room,
                    lambda p: p.cost * (p.used - p.larger) / p.used,
                    lambda p: p.cost * (p.room - p.used) / p.room,
                ),
            ),
            hint="You have changed the cost in the same proportion as a limit. That would be "
            "right if every ton cost the same, and if there were no other cost. But what "
            "one more ton costs is known better than that: it is the multiplier, the price "
            "at the margin, found from the best plan. It differs from the mean cost of a "
            "ton, since the last tons are made in another way than the first. So take the "
            "cost of today and add the price times the change. For the store no share is "
            "needed either: its limit is not reached by the best plan, so that it has no "
            "price, and moving it does not change the plan.",
        ),
        Wrong(
            name="The change of the limit is added to the cost",
            when=any_of(
                _order_is(
                    lambda p: p.cost + p.more,
                    lambda p: p.cost - p.more,
                    lambda p: p.cost + p.order + p.more,
                ),
                _store_is(
                    lambda p: p.cost + p.larger,
                    lambda p: p.cost - p.larger,
                    lambda p: _ordered(p) + p.larger,
                    lambda p: _ordered(p) - p.larger,
                ),
            ),
            hint="You have added tons or pallets to a cost in euros, or taken them away. Numbers "
            "with different units cannot be added; what turns the one into the other is a "
            "price, in euros per ton or euros per pallet. For the order the price is the "
            "multiplier in the text: multiply it by the tons by which the order grows. For "
            "the store ask first whether it has a price at all. A limit that the best plan "
            "does not reach has none, and then no number of pallets makes the cost any "
            "different. Write the units behind every number, and see whether they cancel to "
            "euros.",
        ),
        Wrong(
            name="The two questions are taken as one after the other",
            when=_after,
            hint="Your second number starts from the cost with the larger order. But the second "
            "question says: and if instead the store gets larger. Instead means that the "
            "order stays as it was, and only the store changes. So the second calculation "
            "begins anew from the cost of today. Then comes the price of the store. The "
            "store is not full under the best plan, so its limit does not push, its "
            "multiplier is zero, and more room changes nothing. Put the two cases side by "
            "side in two columns, each with the cost of today on top, and add in each what "
            "its own change brings.",
        ),
        Wrong(
            name="The free room is given a price",
            when=_store_is(
                lambda p: p.cost + p.price * (p.room - p.used),
                lambda p: p.cost - p.price * (p.room - p.used),
                lambda p: p.cost + p.price * (p.room - p.used + p.larger),
                lambda p: p.cost - p.price * (p.room - p.used + p.larger),
                lambda p: p.cost + p.price * (p.larger - p.room + p.used),
                lambda p: p.cost - p.price * (p.larger - p.room + p.used),
            ),
            hint="For the second number you multiply the free room of the store by the price of "
            "the order. Two things are mixed here. The price is in euros per ton of the "
            "order, it is not a price of room. And free room is room that nobody wants: the "
            "best plan could use it today already, without paying, and does not. So a place "
            "more is worth nothing to the plan, whether there are many free ones or few. "
            "The multiplier of a limit that is not reached is zero. What follows for the "
            "cost, if the store grows while the order stays as it is?",
        ),
        Wrong(
            name="Tons and pallets are added",
            when=any_of(
                _order_is(
                    lambda p: p.cost + p.price * (p.more + p.larger),
                    lambda p: p.cost + p.price * p.larger,
                ),
                _store_is(
                    lambda p: p.cost + p.price * (p.more + p.larger),
                    lambda p: p.cost - p.price * (p.more + p.larger),
                ),
            ),
            hint="You have used the pallets where tons belong, or have added the two. The tons of "
            "the order and the pallets of the store are changes of two different limits, and "
            "each limit has a multiplier of its own. The one in the text is that of the order, "
            "in euros per ton: it goes with the tons by which the order grows, and with nothing "
            "else. The pallets would need the price of the store, in euros per pallet. What that "
            "is can be seen from whether the store is full. And the two changes are not made "
            "together: the second question asks for the store instead of the order. Write units "
            "behind all numbers.",
        ),
        Wrong(
            name="The price is read as percent",
            when=_order_is(
                lambda p: p.cost * (1 + p.price / 100),
                lambda p: p.cost * (1 + p.price * p.more / 100),
                lambda p: p.cost * (1 + p.more / 100),
                lambda p: p.cost * p.price / 100,
                lambda p: p.cost * p.price * p.more / 100,
                lambda p: p.cost + p.price * p.more / 100,
            ),
            hint="You have taken the multiplier, or the tons, for a number of percent. The text "
            "gives it a unit: euros per ton. It is how many euros the least cost grows for one "
            "ton more, a slope, like that of a curve of the cost over the order. No share of the "
            "whole cost comes in, and nothing has to be divided by a hundred. Multiply the slope "
            "by the change of the order, so that tons cancel and euros remain, and add them to "
            "the cost of today. With percent the result would depend on how large the cost is "
            "that does not change at all, such as the rent.",
        ),
        Wrong(
            name="An amount stands where a cost is asked",
            when=any_of(
                _order_is(
                    lambda p: p.order + p.more,
                    lambda p: p.order - p.more,
                    lambda p: p.more,
                    lambda p: p.price,
                    lambda p: p.price + p.more,
                    lambda p: p.order + p.price * p.more,
                ),
                _store_is(
                    lambda p: p.room + p.larger,
                    lambda p: p.used + p.larger,
                    lambda p: p.room - p.used + p.larger,
                    lambda p: p.room - p.used,
                    lambda p: p.larger,
                    lambda p: p.room,
                    lambda p: p.used,
                ),
            ),
            hint="One of your numbers is a number of tons or of pallets, or a price for one ton. "
            "Both fields ask for a cost, in euros a day: what the best plan will cost when the "
            "limit has been moved. The amounts in the text are the limits and how far they are "
            "used. To come from a change of a limit to a change of the cost one needs the price "
            "of that limit, in euros per unit; the product is in euros and is added to the cost "
            "of today. Where a limit is not reached its price is zero. Even then the answer is a "
            "cost, of a factory that works as before.",
        ),
        Wrong(
            name="The price is multiplied or divided by the wrong amount",
            when=any_of(
                _order_is(
                    lambda p: p.cost / p.price,
                    lambda p: p.price * p.order,
                    lambda p: p.price * (p.order + p.more),
                    lambda p: p.cost + p.price * (p.order + p.more),
                    lambda p: p.cost + p.price * p.order,
                    lambda p: p.cost * p.more,
                    lambda p: p.cost + p.more / p.price,
                    lambda p: p.cost * p.price,
                    lambda p: (p.cost + p.price) * p.more,
                    lambda p: p.cost * p.price * p.more,
                    lambda p: p.cost + p.price / p.more,
                    lambda p: p.cost + p.price * (p.more + 1),
                    lambda p: p.cost + p.price * (p.more - 1),
                    lambda p: p.cost + p.price * p.more / p.order,
                    lambda p: p.cost + p.price * p.order / p.more,
                    lambda p: p.cost + p.price * (p.order - p.more),
                    lambda p: p.price * (p.order - p.more),
                    lambda p: p.cost * p.more / p.price,
                    lambda p: p.cost + p.price * p.order * p.more,
                    lambda p: p.cost / p.more,
                    lambda p: p.cost + p.price + p.more,
                    lambda p: p.cost - p.price,
                    lambda p: p.cost + (p.cost / p.price) * p.more,
                ),
            ),
            hint="The price stands in your first number, but not with the amount that belongs to "
            "it. The multiplier is the price of one ton more, at the margin. It goes with "
            "the change of the order, the few tons by which it grows, and not with the "
            "whole order, the old or the new one: what those cost is contained in the cost "
            "of today. It is not divided by either; euros per ton times tons give euros. So "
            "take the cost that the text gives, and add the price times the number of tons "
            "by which the order grows. A rough check: the cost should change by some "
            "percent, not by a factor.",
        ),
        Wrong(
            name="The cost of the larger order does not fit",
            when=_wrong_at(0),
            last=True,
            hint="Your first number is not right. Three numbers of the text are needed for it: "
            "the cost of today, the multiplier of the order, and the tons by which the "
            "order grows. A multiplier is a slope: how many euros the least cost rises for "
            "one ton more. The new cost is the old one plus slope times change, as with "
            "every tangent. The whole order does not enter, nor does the store. As to the "
            "sign: more has to be made, so fewer plans are left to choose from, and the "
            "best of fewer plans is not cheaper. Multiply the price by the tons, and add it "
            "to the cost of today.",
        ),
        Wrong(
            name="The cost with the larger store does not fit",
            when=_wrong_at(1),
            last=True,
            hint="Your first number is right, and the second is not. Before you compute "
            "anything, look at whether the limit of the store is reached at all. The text "
            "says how many pallets it has room for and how many are in use. If some room is "
            "free, the best plan is not held back by the store. A limit that does not hold "
            "back has the price zero: push the wall outward, and the plan stays as it is, "
            "since it could have used more room already and did not want to. So what will "
            "the least cost of a day be, with the larger store and the old order?",
        ),
    ],
    again="New value = old value + price times change, for each limit with its own price. A limit "
    "that the best plan does not reach has the price zero.",
    worked="The order is met exactly, so it is active, and its price holds: <<cost>> + <<price>> "
    "times <<more>> is the new cost, in euros. The store has room for <<room>> pallets and only "
    "<<used>> are there. The limit is idle, its multiplier is zero, and with a larger store the "
    "least cost remains <<cost>>.",
)

"""Code answers to the exercises of module 4: orders, step rules, stopping rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from course_data import Answers

__all__ = ["MEASURED_ORDER", "SAFE_STEP", "STEP_RULE", "STOP_RULE"]

MEASURED_ORDER = Answers(
    right=[
        "from math import log\ndef order(e):\n    return log(e[-1]/e[-2]) / log(e[-2]/e[-3])",
        "import numpy as np\ndef order(e):\n    a, b, c = np.log(e[-3:])\n"
        "    return (c - b)/(b - a)",
        "import numpy as np\norder = lambda e: [np.diff(np.log(e))[-1] / np.diff(np.log(e))[-2]]",
        "import math\ndef order(errors):\n    x, y, z = errors[-3], errors[-2], errors[-1]\n"
        "    return math.log10(y/z) / math.log10(x/y)",
        "import jax.numpy as jnp\ndef order(e):\n    d = jnp.diff(jnp.log(jnp.asarray(e)))\n"
        "    return d[-1] / d[-2]",
    ],
    wrong={
        "The unknown factor has not been removed": [
            "from math import log\ndef order(e):\n    return log(e[-1])/log(e[-2])"
        ],
        "The first three errors are used, not the last": [
            "from math import log\ndef order(e):\n    return log(e[2]/e[1])/log(e[1]/e[0])"
        ],
        "Numerator and denominator are exchanged": [
            "from math import log\ndef order(e):\n    return log(e[-2]/e[-3])/log(e[-1]/e[-2])"
        ],
        "That is the factor of the last step, not the order": [
            "def order(e):\n    return e[-1]/e[-2]"
        ],
        "The quotients are compared without logarithms": [
            "def order(e):\n    return (e[-1]/e[-2])/(e[-2]/e[-3])"
        ],
        "All errors are used, the early ones too": [
            "import numpy as np\ndef order(e):\n    l = np.log(e)\n"
            "    return np.polyfit(l[:-1], l[1:], 1)[0]"
        ],
        "The logarithms are subtracted where they should be divided": [
            "import numpy as np\ndef order(e):\n"
            "    return np.log(e[-1]/e[-2]) - np.log(e[-2]/e[-3])"
        ],
        "The step before the last is not used": [
            "from math import log\ndef order(e):\n    return log(e[-1]/e[-2])"
        ],
        "The newest error is not used": [
            "from math import log\ndef order(e):\n    return log(e[3]/e[2])/log(e[2]/e[1])"
        ],
        "The first three errors are used, and upside down": [
            "from math import log\ndef order(e):\n    return log(e[0]/e[1])/log(e[1]/e[2])"
        ],
        "It is rounded to a whole number": [
            "from math import log\ndef order(e):\n"
            "    return round(log(e[-1]/e[-2])/log(e[-2]/e[-3]))"
        ],
        "The errors are multiplied in the logarithm, not divided": [
            "from math import log\ndef order(e):\n    return log(e[-1]*e[-2])/log(e[-2]*e[-3])"
        ],
        "The two logarithms have different bases": [
            "from math import log, log10\ndef order(e):\n"
            "    return log10(e[-1]/e[-2])/log(e[-2]/e[-3])"
        ],
        "The right number stands at the end of a list": [
            "import numpy as np\ndef order(e):\n    d = np.diff(np.log(e))\n    return d[1:]/d[:-1]"
        ],
        "Differences of errors in the place of quotients": [
            "def order(e):\n    return (e[-1] - e[-2])/(e[-2] - e[-3])",
            "import numpy as np\ndef order(e):\n    d = np.log(abs(np.diff(e)))\n"
            "    return d[-1]/d[-2]",
        ],
        "The mean over all steps is taken": [
            "import numpy as np\ndef order(e):\n    d = np.diff(np.log(e))\n"
            "    return np.mean(d[1:]/d[:-1])"
        ],
        "The two steps are not neighbors": [
            "from math import log\ndef order(e):\n    return log(e[-1]/e[-3])/log(e[-2]/e[-3])"
        ],
        "The parentheses around the differences are missing": [
            "from math import log\ndef order(e):\n"
            "    return log(e[-1]) - log(e[-2])/log(e[-2]) - log(e[-3])"
        ],
        "That is the factor of the law, for an order taken as known": [
            "def order(e):\n    return e[-1]/e[-2]**2"
        ],
        "Not both parts are logarithms of quotients": [
            "from math import log\ndef order(e):\n    return log(e[-1])/log(e[-2]/e[-3])"
        ],
        "The logarithms are multiplied or added": [
            "from math import log\ndef order(e):\n    return log(e[-1]/e[-2])*log(e[-2]/e[-3])",
            "from math import log\ndef order(e):\n    return log(e[-1]/e[-3])",
        ],
        "It is not how many times faster the digits come": ["def order(e):\n    return e[-1]*100"],
        "One is added or taken away at the end": [
            "from math import log\ndef order(e):\n    return log(e[-1]/e[-2])/log(e[-2]/e[-3]) - 1"
        ],
        "The result is the same for all inputs": [
            "def order(e):\n    return 2",
            "from math import log\ndef order(e):\n    return log(e[3]/e[2])/log(e[2]/e[3])",
        ],
    },
    other=["def order(e):\n    return e", "def order(e):\n    return [e, e]"],
    crash="def order(e):\n    return log(e[-1]/e[-2]) / log(e[-2]/e[-3])",
)


def _code(*lines: str) -> str:
    """A function of the learner with NumPy at hand."""
    return "import numpy as np\n" + "\n".join(lines)


def _next(*lines: str) -> str:
    return _code("def next_step(f, g, H):", *(f"    {line}" for line in lines))


_GUARD = (
    "w, q = np.linalg.eigh(H)",
    "s = -q @ ((q.T @ g) / np.abs(w))",
)


def _newton_if(test: str, otherwise: str, times: float = 1) -> str:
    return _next(f"if {test}:", f"    return {times}*-np.linalg.solve(H, g)", f"return {otherwise}")


STEP_RULE = Answers(
    right=[
        _next(
            "if np.linalg.eigvalsh(H)[0] > 0:",
            "    step = -np.linalg.solve(H, g)",
            "else:",
            "    step = -0.6*g/np.linalg.norm(g)",
            "return step*min(1, 0.6/np.linalg.norm(step))",
        ),
        _next(*_GUARD, "n = np.hypot(*s)", "return list(s*min(1, 0.7/n))"),
        _next(*_GUARD, "n = np.hypot(*s)", "s = s*min(1, 0.7/n)", "return (s[0], s[1])"),
        _next(
            "(a, b), (_, d) = H",
            "gx, gy = g",
            "det = a*d - b*b",
            "if a > 0 and det > 0:",
            "    return (b*gy - d*gx)/det, (b*gx - a*gy)/det",
            "return -0.5*gx, -0.5*gy",
        ),
        _next(*_GUARD, "return np.array([s]).T*min(1, 0.7/np.hypot(*s))"),
    ],
    wrong={
        "It climbs": [_next("return 0.1*g")],
        "One rate for all pits": [_next("return -0.1*g"), _next("return -g/5")],
        "Steps that never become shorter": [_next("return -0.3*g/np.linalg.norm(g)")],
        "Plain Newton goes to saddles too": [
            _next("return -np.linalg.solve(H, g)"),
            _next("return -np.linalg.inv(H) @ g"),
        ],
        "Newton with the wrong sign": [_next("return np.linalg.inv(H) @ g")],
        "The Hessian is multiplied, not solved for": [
            _next("return -H @ g"),
            _next("return -0.05*(H @ g)"),
        ],
        "Each direction by its own curvature, without the mixed term": [
            _next("return -g/np.diag(H)")
        ],
        "Lost only where a curvature is negative": [
            _next(
                "s = -np.linalg.solve(H, g)*[1, 0.9]",
                "return s*min(1, 0.7/(1e-9 + np.hypot(*s)))",
            )
        ],
        "The two branches are exchanged": [
            _newton_if("np.linalg.eigvalsh(H)[0] < 0", "-0.1*g"),
        ],
        "The fall-back climbs": [_newton_if("np.linalg.eigvalsh(H)[0] > 0", "0.1*g")],
        "Short steps are made longer": [
            _next(
                "s = -np.linalg.solve(H, g) if np.linalg.eigvalsh(H)[0] > 0 else -0.3*g",
                "return s*max(1, 1.45/np.hypot(*s))",
            ),
        ],
        "Newton's step is kept short, but leads to saddles": [
            _next(
                "s = -np.linalg.solve(H, g)",
                "return s*min(1, 0.7/(1e-9 + np.hypot(*s)))",
            ),
            _next("return np.clip(-np.linalg.solve(H, g), -0.1, 0.1)"),
        ],
        "The test lets a negative curvature through": [
            _newton_if("H[0, 0] > 0", "-0.1*g"),
        ],
        "The components dx and dy are exchanged": [_next("return -0.1*g[::-1]")],
        "One of the two components has the wrong sign": [_next("return -0.1*g[0], 0.1*g[1]")],
        "The division is entry by entry": [_next("return -g/(H @ g)"), _next("return -1/g")],
        "The step always lies along the gradient": [
            _next("return -g/np.trace(H)"),
            _next("return -g*(g @ g)/(g @ H @ g)"),
        ],
        "The same amount is added to the curvatures everywhere": [
            _next("return -np.linalg.solve(H + 0.1*np.eye(2), g)")
        ],
        "The entries of H are made positive, not its curvatures": [
            _next("return -np.linalg.solve(abs(H), g)")
        ],
        "The eigenvalues are not the curvatures along x and y": [
            _next("return -g/np.linalg.eigvalsh(H)")
        ],
        "Newton's step is made longer": [
            _newton_if("np.linalg.eigvalsh(H)[0] > 0", "-0.1*g", 2),
            _next("return -2*np.linalg.solve(H, g)"),
        ],
        "Both steps are added": [_next("return -np.linalg.solve(H, g) - 0.1*g")],
        "In bowls only a part of Newton's step is taken": [
            _newton_if("np.linalg.eigvalsh(H)[0] > 0", "-0.1*g", 0.1)
        ],
        "Some steps are thrown far away": [_next("return -0.6*g - 0.02*(H @ g)")],
        "It goes down, but does not come to rest in time": [
            _next(
                "w, q = np.linalg.eigh(H)",
                "s = -q @ ((q.T @ g) / np.abs(w))",
                "return 0.02*s/(0.5 + np.linalg.norm(s))",
            )
        ],
        "The step is no number": [_next("return g*np.nan")],
        "The walker stands still": [_next("return (0, 0)")],
        "The same step everywhere": [_next("return [0.3, 0.3]")],
        "Only a part of Newton's step is taken": [_next("return -0.5*np.linalg.solve(H, g)")],
        "The height is used as a rate": [_next("return -f*g"), _next("return -f/g")],
        "Some of the steps lead uphill": [_next("return np.array([0.1, f])")],
    },
    other=[_next("return f*H[0]")],
    crash=_next("return -H/g.shape[2]"),
)


def _safe(
    test: str, newton: str = "-np.linalg.solve(H, g)", sign: str = "-"
) -> Callable[[Any], str]:
    return lambda p: _code(
        "def safe_step(g, H):", f"    if {test}:", f"        return {newton}",
        f"    return {sign}{p.rate}*g",
    )  # fmt: skip


SAFE_STEP = Answers(
    right=[
        _safe("np.linalg.eigvalsh(H)[0] > 0"),
        _safe("all(np.linalg.eigvals(H) > 0)", "list(np.linalg.solve(H, -g))"),
        _safe("np.linalg.det(H) > 0 and np.trace(H) > 0", "-np.linalg.inv(H) @ g"),
        _safe("H[0, 0] > 0 and H[0][0]*H[1][1] > H[0][1]**2"),
        lambda p: _code(
            "import jax.numpy as jnp",
            "def safe_step(g, H):",
            "    H, g = jnp.asarray(H), jnp.asarray(g)",
            "    good = jnp.linalg.eigvalsh(H)[0] > 0",
            f"    return jnp.where(good, -jnp.linalg.solve(H, g), -{p.rate}*g)",
        ),
    ],
    wrong={
        "Newton's step is taken everywhere": [
            "import numpy as np\ndef safe_step(g, H):\n    return -np.linalg.solve(H, g)"
        ],
        "A summit passes the test of the determinant": [_safe("np.linalg.det(H) > 0")],
        "A saddle passes the test of the trace": [_safe("np.trace(H) > 0")],
        "One positive curvature is not enough": [_safe("any(np.linalg.eigvalsh(H) > 0)")],
        "Only the slope along the step is tested": [_safe("g @ np.linalg.solve(H, g) > 0")],
        "Only the diagonal is tested": [_safe("H[0, 0] > 0 and H[1, 1] > 0")],
        "The fall-back climbs": [_safe("np.linalg.eigvalsh(H)[0] > 0", sign="")],
        "Newton's step has lost its sign": [
            _safe("np.linalg.eigvalsh(H)[0] > 0", "np.linalg.solve(H, g)")
        ],
        "Steepest descent is taken everywhere": [
            lambda p: _code("def safe_step(g, H):", f"    return -{p.rate}*g")
        ],
        "The two branches are exchanged": [
            _safe("not np.all(np.linalg.eigvalsh(H) > 0)"),
            _safe("np.all(np.linalg.eigvalsh(H) < 0)"),
        ],
        "The rate is missing in the fall-back": [
            _code(
                "def safe_step(g, H):",
                "    if np.all(np.linalg.eigvalsh(H) > 0):",
                "        return -np.linalg.solve(H, g)",
                "    return -g",
            )
        ],
        "The fall-back has a fixed length": [
            _safe("np.linalg.eigvalsh(H)[0] > 0", sign="1/np.linalg.norm(g)*-")
        ],
        "The Hessian is multiplied, not solved for": [
            _safe("np.linalg.eigvalsh(H)[0] > 0", "-H @ g")
        ],
        "Each direction is divided by its own curvature only": [
            _safe("np.linalg.eigvalsh(H)[0] > 0", "-g/np.diag(H)")
        ],
        "The sizes of the curvatures are used": [
            _code(
                "def safe_step(g, H):",
                "    w, V = np.linalg.eigh(H)",
                "    return -V @ ((V.T @ g)/abs(w))",
            )
        ],
        "Both signs are lost": [
            _safe("np.linalg.eigvalsh(H)[0] > 0", "np.linalg.solve(H, g)", sign="")
        ],
        "Newton's step has got a rate too": [
            lambda p: _safe("np.linalg.eigvalsh(H)[0] > 0", f"-{p.rate}*np.linalg.solve(H, g)")(p)
        ],
        "Entries of the Hessian are tested, not its curvatures": [
            _safe("np.all(H > 0)"),
            _safe("(H > 0).any()"),
        ],
        "It returns something else than two numbers": [
            _safe("np.linalg.eigvalsh(H)[0] > 0", "-np.linalg.inv(H) * g"),
            _safe("np.linalg.eigvalsh(H)[0] > 0", "-g/H"),
        ],
        "The test lets a negative curvature through": [
            _safe("H[0, 1] < 0.5 and np.linalg.eigvalsh(H)[1] > 0"),
        ],
        "Something is added to both steps": [
            lambda p: _code(
                "def safe_step(g, H):",
                "    if np.linalg.eigvalsh(H)[0] > 0:",
                "        return g - np.linalg.solve(H, g)",
                f"    return g - {p.rate}*g",
            )
        ],
        "The test looks at the gradient": [_safe("g[0] > 0"), _safe("np.all(g > 0)")],
        "The slope's length is counted otherwise in the fall-back": [
            _safe("np.linalg.eigvalsh(H)[0] > 0", sign="1/(g @ g)*-")
        ],
        "The components dx and dy are exchanged": [
            _safe("np.linalg.eigvalsh(H)[0] > 0", "-np.linalg.solve(H, g)[::-1]")
        ],
        "The fall-back has another rate": [
            _safe("np.linalg.eigvalsh(H)[0] > 0", sign="-0.1*"),
            _safe("np.linalg.eigvalsh(H)[0] > 0", sign="-2*"),
        ],
        "The fall-back uses the Hessian": [
            _code(
                "def safe_step(g, H):",
                "    good = np.linalg.eigvalsh(H)[0] > 0",
                "    return -np.linalg.solve(H, g) if good else -0.2*(H @ g)",
            ),
            _code(
                "def safe_step(g, H):",
                "    s = -np.linalg.solve(H, g)",
                "    return s if np.linalg.eigvalsh(H)[0] > 0 else 0.15*s",
            ),
        ],
        "The gradient is missing in the fall-back": [
            _safe("np.linalg.eigvalsh(H)[0] > 0", sign="-np.ones(2) + 0*")
        ],
        "The slope is divided by one number": [
            _safe("np.linalg.eigvalsh(H)[0] > 0", "-g/np.linalg.det(H)")
        ],
        "The eigenvalues are not the curvatures along x and y": [
            _safe("np.linalg.eigvalsh(H)[0] > 0", "-g/np.linalg.eigvalsh(H)")
        ],
        "The division is entry by entry": [
            _safe("np.linalg.eigvalsh(H)[0] > 0", "-(1/H) @ g"),
            _safe("np.linalg.eigvalsh(H)[0] > 0", "-g/(H @ g)"),
        ],
        "Newton's step is made longer": [
            _safe("np.linalg.eigvalsh(H)[0] > 0", "-2*np.linalg.solve(H, g)")
        ],
        "Newton's step is not taken at its full length": [
            _safe("np.linalg.eigvalsh(H)[0] > 0", "-0.5*np.linalg.solve(H, g)")
        ],
        "Both steps are added": [
            lambda p: _safe("np.linalg.eigvalsh(H)[0] > 0", f"-np.linalg.solve(H, g) - {p.rate}*g")(
                p
            )
        ],
        "The test keeps out good steps": [_safe("np.linalg.eigvalsh(H)[0] > 0 and g[0] > 0")],
        "In a bowl the step is not Newton's": [
            _safe("np.linalg.eigvalsh(H)[0] > 0", "-np.linalg.solve(H, g) + 0.5")
        ],
        "The fall-back is not minus the rate times the gradient": [
            _safe("np.linalg.eigvalsh(H)[0] > 0", sign="0.5 - ")
        ],
    },
    other=[_code("def safe_step(g, H):", "    return g + 1")],
    crash=_code("def safe_step(g, H):", "    return -np.linalg.solve(g, H)"),
)


def _stop(*lines: str) -> str:
    return _code("def stop(steps, tol):", *(f"    {line}" for line in lines))


_RATIO = "r = steps[-1]/steps[-2]"
STOP_RULE = Answers(
    right=[
        _stop(_RATIO, "return steps[-1]*r/(1 - r) <= tol"),
        _stop(_RATIO, "if r >= 1:", "    return False", "return steps[-1]*r <= tol*(1 - r)"),
        _stop("a, b = steps[-2:]", "return 1 if b*b/(a - b) < tol else 0"),
        _stop(_RATIO, "return np.array([steps[-1]/(1 - r)]) <= tol"),
        _stop(_RATIO, "left = sum(steps[-1]*r**k for k in range(1, 400))", "return left <= tol"),
    ],
    wrong={
        "The last step is taken for the error": [
            _stop("return steps[-1] <= tol"),
            _stop("return abs(steps[-1]) < tol"),
        ],
        "Only the next step is foreseen": [_stop(_RATIO, "return steps[-1]*r <= tol")],
        "The step is compared with the first one": [_stop("return steps[-1]/steps[0] <= tol")],
        "The change of the steps, or a fraction upside down, is taken for the error": [
            _stop("return abs(steps[-1] - steps[-2]) <= tol")
        ],
        "The sum is divided where it should be multiplied": [
            _stop(_RATIO, "return steps[-1]*(1 - r) <= tol")
        ],
        "It stops at the first question": [
            _stop("return True"),
            _stop("r = steps[-2]/steps[-1]", "return steps[-1]*r/(1 - r) <= tol"),
        ],
        "Near enough, but far too late": [
            _stop("return steps[-1] <= tol/10000"),
        ],
        "It never stops": [
            _stop("return False"),
            _stop("return sum(steps) <= tol"),
            _stop(_RATIO, "return r/(1 - r) <= tol"),
        ],
        "The factor alone is tested": [_stop(_RATIO, "return r > 0.65")],
        "A square, a root or a logarithm stands on one side only": [
            _stop("return steps[-1]**2 <= tol"),
            _stop("return steps[-1] <= tol**2"),
            _stop("return np.log(steps[-1]) <= tol"),
        ],
        "The factor is not that from one step to the next": [
            _stop("r = np.mean(steps[1:]/steps[:-1])", "return steps[-1]*r/(1 - r) <= tol"),
            _stop("r = steps[-1]/steps[0]", "return steps[-1]*r/(1 - r) <= tol"),
        ],
        "The factor is a difference, not a quotient": [
            _stop("r = steps[-2] - steps[-1]", "return steps[-1]*r <= tol")
        ],
        "Only a few of the steps to come are summed": [
            _stop(_RATIO, "return steps[-1]*(r + r**2 + r**3) <= tol")
        ],
        "The number of steps stands in the estimate": [_stop("return steps[-1]*len(steps) <= tol")],
        "A safety factor does not know how slow the method is": [
            _stop("return steps[-1] <= tol/10"),
            _stop("r = 0.9", "return steps[-1]*r/(1 - r) <= tol"),
        ],
        "The step is compared with the whole way": [_stop("return steps[-1]/sum(steps) <= tol")],
        "Two short steps are no better than one": [
            _stop("return steps[-1] <= tol and steps[-2] <= tol")
        ],
        "The series is not summed rightly": [
            _stop(_RATIO, "return steps[-1]/(1 + r) <= tol"),
            _stop(_RATIO, "return steps[-1]*r**2/(1 - r) <= tol"),
        ],
        "The factor is taken from the first steps": [
            _stop("r = steps[1]/steps[0]", "return steps[-1]*r/(1 - r) <= tol")
        ],
        "The tolerance is made larger": [
            _stop(_RATIO, "return steps[-1]*r/(1 - r) <= 10*tol"),
        ],
        "The number of steps is fixed": [_stop("return len(steps) >= 20")],
        "It stops too early": [_stop(_RATIO, "return steps[-1]*r/(1 - r) <= tol*(3 + steps[-1])")],
    },
    other=[_stop("return tol > 0.02")],
    crash=_stop("return steps[-1]*q/(1 - q) <= tol"),
)

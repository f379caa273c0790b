"""Figures that draw every layer and every control, for tests of what draws them."""

import numpy as np

import taylored.course.kit as kit
from taylored.course.kit import Axis, Panel, Reading, Scene, Statement, Table, figure
from taylored.errors import TayloredError
from taylored.results import Accuracy, Interval

__all__ = ["ZOO"]

_X, _Y = Axis("time t in hours", 0.0, 6.0), Axis("height in meters", -2.0, 4.0)


def _wave(x):
    return 1.0 + 1.6 * np.sin(0.9 * x - 0.6)


@figure(
    "Lines, bands and points",
    kit.Handle(name="at", label="the moment", at=(1.4, 0.0), x=(0.2, 5.8), along="x"),
    kit.Slider(name="h", label="step h", lo=0.01, hi=2.0, at=0.5, log=True, unit="h"),
    kit.Slider(name="order", label="order", lo=1, hi=9, at=3, step=1, help="of the polynomial"),
    kit.Choice(name="kind", label="kind", options=(("proved", "proved"), ("unknown", "unknown"))),
    kit.Toggle(name="shade", label="shade the area", at=True),
    kit.Button(name="new", label="New data"),
    kit.Formula(name="f", label="f(x) =", at="sin(x)", variables=("x",), examples=("exp(x)",)),
    about="A wave, bands of all four kinds around it, and data with error bars.",
)
def _lines(s) -> Scene:
    if s.f == "exp(x)":
        raise TayloredError("This wave cannot be drawn.", why="a test", next_step="reset")
    x = np.linspace(0.0, 6.0, 60)
    parts = [(x[:16], "proved"), (x[15:31], "calibrated"), (x[30:46], "estimated")]
    bands = [kit.band(p, _wave(p) - s.h, _wave(p) + s.h, kind) for p, kind in parts]
    at = np.array([0.7, 1.9, 2.8, 3.9, 5.2])
    noise = 0.3 * np.sin(7.0 * (at + s.new))
    layers = [
        *bands,
        kit.band(x[45:], _wave(x[45:]) - s.h, _wave(x[45:]) + s.h, "unknown"),
        kit.line(x, _wave(x) + 0.1 * s.order, "approx", "approximation"),
        kit.line(x, 0.4 * x, "a", "thing *a*"),
        kit.line(x, 3.0 - 0.5 * x, "b", "thing *b*"),
        kit.points(at, _wave(at) + noise, error=np.full(5, 0.3), label="data"),
        kit.points(at, 0.5 * _wave(at), "b", hollow=True, texts=[f"point {k}" for k in range(5)]),
        kit.rule(-1.0, "x", label="a rule"),
        kit.mark(3.0, -1.6, "a mark"),
    ]
    panel = Panel(_X, _Y, layers, still=[kit.curve(_wave, _X, "truth", "truth")],
                  handles={"at": (s.at[0], float(_wave(s.at[0])))})  # fmt: skip
    low = Panel(_X, Axis("rest", -1.0, 1.0), [kit.points(at, noise)], name="rest", height=0.25)
    within = Interval(2.44, 2.56, 0.95, "profile-t", Accuracy.CALIBRATED)
    readings = [
        Reading.proved("slope", "slope in m/h", (1.2337, 1.2349), "bound on the curvature"),
        Reading.calibrated("mean", "mean", 2.5, within),
        Reading.estimated("root", "root", 0.51, 0.002, "last step"),
        Reading.unknown("rate", "rate", "only *a k* is determined"),
        Reading.exact("h", "step", float(f"{s.h:.3g}")),
    ]  # fmt: skip
    table = Table("Steps", ["h", "error"], [["0.1", "0.05"], ["0.01", "0.005"]])
    said = (
        f"At *t* = {s.at[0]:.4g} h the slope is [[slope]], with mean [[mean]], root [[root]]; "
        f"**order** {s.order}."
    )
    return Scene([panel, low], said, readings, [Statement("proved", "It holds.")], table)


@figure(
    "Fields", kit.Handle(name="p", label="the start", at=(1.0, 0.5), x=(-2.0, 2.0), y=(-1.5, 1.5)),
    kit.Clicks(name="probes", label="probe", x=(-2.0, 2.0), y=(-1.5, 1.5), most=4, panel="right"),
    about="Contours with arrows, and a picture of classes.",
)  # fmt: skip
def _fields(s) -> Scene:
    x, y = Axis("x", -2.0, 2.0), Axis("y", -1.5, 1.5)
    px, py = s.p
    gx, gy = np.meshgrid(np.linspace(-2, 2, 80), np.linspace(-1.5, 1.5, 60))
    classes = (gx + gy > 0.2 * np.sin(6 * gx)).astype(int) + 2 * (gx**2 + gy**2 < 0.6)
    angle = np.linspace(0, 2 * np.pi, 60)
    left = Panel(x, y, [
        kit.polygon(px + 0.5 * np.cos(angle), py + 0.3 * np.sin(angle), "estimated", "ellipse"),
        kit.arrows([px, px], [py, py], [0.5 * px, px + 0.4], [0.1 * py, py], "a", label="down"),
    ], still=[kit.contours(lambda a, b: a**2 + 3 * b**2, x, y, 12)], equal=True)  # fmt: skip
    probes = [kit.points([q[0] for q in s.probes], [q[1] for q in s.probes], "approx", size=5)]
    names = ["left root", "right root", "lake", "isle"]
    right = Panel(x, y, probes, name="right", equal=True, title="Where it ends",
                  still=[kit.image(classes, x, y, "classes", names)])  # fmt: skip
    height = Panel(x, y, [kit.image(128 + 50 * gx, x, y, "difference")], name="d", equal=True)
    low = Panel(x, y, [kit.image(60 * (gx**2 + gy**2) / 2, x, y, "height")], name="e", equal=True)
    return Scene([left, right, height, low], f"Start at ({px:g}, {py:g}); {len(s.probes)} probes.")


@figure("Bars", kit.Slider(name="n", label="inputs", lo=2, hi=12, at=6, step=1), about="Bars.")
def _bars(s) -> Scene:
    names = [f"input {k}" if k % 3 else f"a rather long name of input {k}" for k in range(s.n)]
    values = np.array([3.0 * (-0.7) ** k for k in range(s.n)])
    x = Axis("influence", -3.0, 4.0)
    panels = [
        Panel(x, Axis("", 0, 1), [kit.bars(names, values, values - 0.4, values + 0.4, kind=kind)],
              name=kind, title=kind)
        for kind in ("proved", "calibrated", "estimated", "unknown")
    ]  # fmt: skip
    steps = Axis("step h", 1e-12, 1.0, log=True)
    log = Panel(steps, Axis("error", 1e-9, 10.0, log=True),
                [kit.curve(lambda h: h + 1e-8 / h / 8, steps, "approx", "error"),
                 kit.rule(1e-4, "y", label="best step")], name="log")  # fmt: skip
    return Scene([*panels, log], f"{s.n} inputs.")


@figure(
    "Points to move",
    kit.Handles(name="points", label="data point", at=((1.0, 1.0), (2.0, 2.5), (4.0, 3.0)),
                x=(0.0, 6.0), y=(-2.0, 4.0), least=2, most=5),
    about="Points that may be added and removed.",
)  # fmt: skip
def _points(s) -> Scene:
    xs, ys = [p[0] for p in s.points], [p[1] for p in s.points]
    m, c = np.polyfit(xs, ys, 1)
    fit = kit.curve(lambda t: m * t + c, _X, "approx", "line")
    return Scene(
        [Panel(_X, _Y, [fit, kit.points(xs, ys, error=np.full(len(xs), 0.4))])],
        f"{len(xs)} points.",
    )


@figure("A graph", kit.Slider(name="x", label="x", lo=-2, hi=2, at=1), kind="graph", about="Nodes.")
def _graph(s) -> Scene:
    names = [("x", 0.5, 1), ("sin", 2, 1.6), ("square", 2, 0.4), ("times", 3.5, 1)]
    rows = [{"id": n, "x": x, "y": y, "label": n, "value": f"{s.x + k:.3g}",
             "adjoint": f"≈ {k}.50", "role": "approx" if n == "x" else "truth",
             "shape": "circle" if n == "times" else "box"}
            for k, (n, x, y) in enumerate(names)]  # fmt: skip
    links = [
        ("x", "sin", 0.5),
        ("x", "square", -0.8),
        ("sin", "times", 0.1),
        ("square", "times", 1),
    ]
    ties = [{"from": p, "to": q, "weight": w, "label": f"{w}"} for p, q, w in links]
    panel = Panel(Axis("", 0, 4), Axis("", 0, 2), [kit.edges(ties), kit.nodes(rows)], bare=True)
    return Scene([panel], f"x = {s.x:.3g}")


@figure(
    "Sandpit", kit.Clicks(name="probes", label="probe", x=(0.0, 6.0), y=(-2.0, 4.0), most=3),
    kit.Button(name="pit", label="A new pit"), kit.Toggle(name="reveal", label="Show the pit"),
    kind="game", about="A hidden pit to be probed.",
)  # fmt: skip
def _game(s) -> Scene:
    marks = [kit.arrows([x], [y], [x + 0.3], [y + 0.2], "approx") for x, y in s.probes]
    score = [Reading.exact("score", "your depth", 3), Reading.exact("best", "the library", 5)]
    return Scene([Panel(_X, _Y, marks)], f"{len(s.probes)} probes in pit {s.pit}.", score)


ZOO = {
    "lines": _lines, "fields": _fields, "bars": _bars, "points": _points, "graph": _graph,
    "game": _game,
}  # fmt: skip

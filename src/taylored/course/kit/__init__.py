"""What figures are made of: controls, layers, panels, readings with their accuracy."""

from taylored.course.kit.controls import (
    Button,
    Choice,
    Clicks,
    Formula,
    Handle,
    Handles,
    Settings,
    Slider,
    Toggle,
)
from taylored.course.kit.figure import Figure, figure
from taylored.course.kit.scene import (
    Axis,
    Panel,
    Reading,
    Scene,
    Statement,
    Table,
    arrows,
    band,
    bars,
    contours,
    curve,
    edges,
    image,
    line,
    mark,
    nodes,
    points,
    polygon,
    rule,
)

__all__ = ["Axis", "Button", "Choice", "Clicks", "Figure", "Formula", "Handle", "Handles"]
__all__ += ["Panel", "Reading", "Scene", "Settings", "Slider", "Statement", "Table", "Toggle"]
__all__ += ["arrows", "band", "bars", "contours", "curve", "edges", "figure", "image", "line"]
__all__ += ["mark", "nodes", "points", "polygon", "rule"]

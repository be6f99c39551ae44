"""How each quadrant of a test is drawn, the same in every figure."""

from typing import Any, Final

from fakeid.evaluation.quadrants import QUADRANTS, Quadrant
from fakeid.reporting.style import BLUE, GREEN, ORANGE, VERMILION

QUADRANT_LOOKS: Final[dict[str, dict[str, Any]]] = {
    str(Quadrant(True, True)): {"color": BLUE, "marker": "o", "linestyle": "-"},
    str(Quadrant(True, False)): {"color": GREEN, "marker": "s", "linestyle": (0, (7, 2))},
    str(Quadrant(False, True)): {"color": ORANGE, "marker": "^", "linestyle": (0, (7, 2, 1.5, 2))},
    str(Quadrant(False, False)): {"color": VERMILION, "marker": "D", "linestyle": (0, (3, 1.5))},
}
"""Keywords of a line; markers and dashes tell the lines apart where there is no color."""

assert list(QUADRANT_LOOKS) == [str(quadrant) for quadrant in QUADRANTS]

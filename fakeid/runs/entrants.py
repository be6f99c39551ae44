"""Which runs are one detector, trained with several seeds."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fakeid.reporting.averages import Cell, collect_cells
from fakeid.runs.contestants import Contestant


@dataclass(frozen=True, eq=False)
class Entrant:
    """One detector.

    Attributes:
        name: Different from that of any other.
        places: Of its runs among the contestants.
        seeds: Of its runs; empty for a file of scores.
        cell: Its runs; None for a file of scores.
    """

    name: str
    places: list[int]
    seeds: tuple[int, ...] = ()
    cell: Cell | None = None


def group_by_seed(contestants: Sequence[Contestant]) -> tuple[list[Entrant], list[str]]:
    """Take runs that differ by seed alone as one detector, in the order in which each first appears.

    Runs of which all differ by seed alone are detectors of their own, for there is nothing else to compare.

    Returns:
        The detectors, and what a reader must know of them.

    Raises:
        DataError: Two runs of one setting, number of categories and seed.
    """
    runs = [entry.run for entry in contestants if entry.run]
    cells = {id(run): cell for cell in collect_cells(runs) for run in cell.runs}
    apart = len({id(cell) for cell in cells.values()}) == 1 and len(runs) == len(contestants)
    chosen: dict[object, list[int]] = {}
    for place, entry in enumerate(contestants):
        identity = place if apart or entry.run is None else f"cell {id(cells[id(entry.run)])}"
        chosen.setdefault(identity, []).append(place)
    entrants = []
    for places in chosen.values():
        members = [contestants[place].run for place in places]
        named = [run for run in members if run is not None]
        cell = cells[id(named[0])] if named else None
        name = f"seed {named[0].seed}" if apart else cell.full_name if cell else _name_file(contestants[places[0]].path)
        entrants.append(Entrant(name, places, tuple(run.seed for run in named), cell))
    notes = []
    if apart:
        notes.append(
            f"All are {next(iter(cells.values())).full_name}: they differ by seed alone, and are compared one by one."
        )
    return _tell_apart(entrants, contestants), notes


def _name_file(path: Path) -> str:
    """`scores.csv` says nothing; its folder may."""
    return path.resolve().parent.name if path.stem == "scores" else path.stem


def _tell_apart(entrants: Sequence[Entrant], contestants: Sequence[Contestant]) -> list[Entrant]:
    counts = Counter(entrant.name for entrant in entrants)
    return [
        entrant
        if counts[entrant.name] == 1
        else Entrant(contestants[entrant.places[0]].place, entrant.places, entrant.seeds, entrant.cell)
        for entrant in entrants
    ]

# SPDX-License-Identifier: GPL-2.0-or-later
"""Medians, ratios and goals: the table, and the same as JSON."""

import json
import statistics
from dataclasses import dataclass, field
from pathlib import Path

NOISE = 1.05                    # "no slower" means less than this much slower
HEAD = ('measure', 'ours', 'stock', 'ours/stock', 'better', 'goal', '')


@dataclass(frozen=True)
class Goal:
    """What the ratio ours/stock is to be."""
    higher: bool                # whether more is better
    ratio: float

    def met(self, ratio: float) -> bool:
        """Whether a ratio is good enough."""
        return ratio >= self.ratio if self.higher else ratio <= self.ratio

    def __str__(self) -> str:
        return f"{'>=' if self.higher else '<='} {self.ratio:.2f}"


@dataclass
class Row:
    """One figure of both emulators, with the values of all runs."""
    name: str                   # ends with its unit
    goal: Goal
    ours: list[float] = field(default_factory=list)
    stock: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Of the medians."""
        return statistics.median(self.ours) / statistics.median(self.stock)

    def verdict(self) -> str:
        """Whether the goal is met; unclear while the values overlap."""
        if self.goal.met(self.ratio):
            return 'met'
        overlap = (min(self.ours) <= max(self.stock)
                   and min(self.stock) <= max(self.ours))
        no_slower = 1 / NOISE <= self.goal.ratio <= NOISE
        return 'unclear' if overlap and no_slower else 'MISSED'

    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        return (self.name, _value(self.ours), _value(self.stock),
                f'{self.ratio:.2f}',
                'higher' if self.goal.higher else 'lower',
                str(self.goal), self.verdict())

    def as_dict(self) -> dict[str, object]:
        """All of it, for JSON."""
        return {'name': self.name, 'ours': self.ours, 'stock': self.stock,
                'median': {'ours': statistics.median(self.ours),
                           'stock': statistics.median(self.stock)},
                'ratio': self.ratio, 'goal': str(self.goal),
                'verdict': self.verdict()}


def _value(values: list[float]) -> str:
    """The median, and how far from it the others are."""
    middle = statistics.median(values)
    spread = max(max(values) - middle, middle - min(values))
    digits = 0 if middle >= 100 else 1 if middle >= 10 else 3
    text = f'{middle:.{digits}f}'
    return f'{text} +-{spread / middle:4.0%}' if middle else text


def table(rows: list[Row]) -> str:
    """The table as text."""
    cells = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[n]) for line in cells) for n in range(len(HEAD))]
    lines = []
    for line in cells:
        name, ours, stock, *rest = [
            text.ljust(width) if n in (0, 4, 5, 6) else text.rjust(width)
            for n, (text, width) in enumerate(zip(line, widths))]
        lines.append('  '.join((name, ours, stock, *rest)).rstrip())
    return '\n'.join(lines)


def write(path: Path, rows: list[Row], **about: object) -> None:
    """Write the JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({**about, 'rows': [row.as_dict() for row in rows]},
                      indent=2)
    path.write_text(text + '\n', encoding='utf-8')

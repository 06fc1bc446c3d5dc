# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws mean curves with their error bands, and reference points with error bars, as one SVG figure.

For the script beside it: standard library only, the same numbers give the same bytes. Both axes are
logarithmic, since budgets and regrets go over orders of magnitude; what is not positive is drawn at the lower edge.
"""
import dataclasses
import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 660, 400
LEFT, RIGHT, TOP, BOTTOM = 62, 172, 34, 46  # of the frame; the legend stands on the right
INK, GRID = "#222222", "#dddddd"


@dataclasses.dataclass
class Series:
    """A label, a colour, a curve and points that it is compared with: [(x, mean, standard error)]."""
    label: str
    colour: str
    curve: list
    points: list


class Axis:
    """From values to pixels, and the values to write beside them."""

    def __init__(self, low, high, start, end):
        self.low, self.high, self.start, self.end = low, high, start, end

    def __call__(self, value):
        share = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        return self.start + min(share, 1) * (self.end - self.start)

    def ticks(self):
        """Five or so: 1, 3, 10, ... over many decades, and finer ones over a few or less than one."""
        ratio = self.high / self.low
        steps = (1, 3) if ratio >= 30 else (1, 2, 5) if ratio >= 10 else (1, 1.5, 2, 3, 5, 7) if ratio >= 4 \
            else (1, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8)
        decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        values = [step * 10.0 ** decade for decade in decades for step in steps]
        return [value for value in values if self.low * 0.999 <= value <= self.high * 1.001]


def path(points):
    """Without the inner points of level stretches, of which step curves are full."""
    texts = [(f"{x:.1f}", f"{y:.1f}") for x, y in points]
    kept = [texts[i] for i in range(len(texts))
            if i in (0, len(texts) - 1) or not texts[i - 1][1] == texts[i][1] == texts[i + 1][1]]
    return "M" + "L".join(f"{x} {y}" for x, y in kept)


def frame(title, x_label, y_label, x, y):
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
             f'font-size="12" fill="{INK}">', f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
             f'<text x="{x.start}" y="20" font-size="14" font-weight="bold">{escape(title)}</text>']
    for value in x.ticks():
        lines += [f'<path d="{path([(x(value), y.start), (x(value), y.end)])}" stroke="{GRID}"/>',
                  f'<text x="{x(value):.1f}" y="{y.start + 17}" text-anchor="middle">{value:g}</text>']
    for value in y.ticks():
        lines += [f'<path d="{path([(x.start, y(value)), (x.end, y(value))])}" stroke="{GRID}"/>',
                  f'<text x="{x.start - 7}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g}</text>']
    middle = (y.start + y.end) / 2
    return lines + [
        f'<rect x="{x.start}" y="{y.end}" width="{x.end - x.start}" height="{y.start - y.end}" fill="none" '
        f'stroke="{INK}"/>',
        f'<text x="{(x.start + x.end) / 2}" y="{HEIGHT - 10}" text-anchor="middle">{escape(x_label)}</text>',
        f'<text transform="translate(16 {middle}) rotate(-90)" text-anchor="middle">{escape(y_label)}</text>']


def one(series, x, y):
    """Band, curve, error bars of one standard error, points."""
    upper = [(x(at), y(mean + error)) for at, mean, error in series.curve]
    lower = [(x(at), y(mean - error)) for at, mean, error in reversed(series.curve)]
    lines = [f'<path d="{path(upper + lower)}Z" fill="{series.colour}" fill-opacity="0.2"/>',
             f'<path d="{path([(x(at), y(mean)) for at, mean, _ in series.curve])}" fill="none" '
             f'stroke="{series.colour}" stroke-width="1.5"/>'] if series.curve else []
    for at, mean, error in series.points:
        ends = [(x(at), y(mean - error)), (x(at), y(mean + error))]
        lines += [f'<path d="{path(ends)}" stroke="{series.colour}" stroke-width="1.5"/>',
                  f'<circle cx="{x(at):.1f}" cy="{y(mean):.1f}" r="3" fill="#ffffff" stroke="{series.colour}" '
                  f'stroke-width="1.5"/>']
    return lines


def legend(all_series, notes, left):
    lines, top = [], TOP + 12
    for series in all_series:
        lines += [f'<path d="M{left} {top}h22" stroke="{series.colour}" stroke-width="1.5"/>',
                  f'<rect x="{left}" y="{top - 5}" width="22" height="10" fill="{series.colour}" fill-opacity="0.2"/>',
                  f'<text x="{left + 28}" y="{top + 4}">{escape(series.label)}</text>']
        top += 20
    for note in notes:
        lines.append(f'<text x="{left}" y="{top + 10}" font-size="11">{escape(note)}</text>')
        top += 15
    return lines


def figure(title, x_label, y_label, all_series, notes=()):
    """The text of an SVG file. The range of x and y is that of the means, a little wider."""
    means = [(at, mean) for series in all_series for at, mean, _ in series.curve + series.points if mean > 0]
    xs, ys = [at for at, _ in means], [mean for _, mean in means]
    x = Axis(min(xs), max(xs) * 1.1, LEFT, WIDTH - RIGHT)
    y = Axis(min(ys) / 1.3, max(ys) * 1.2, HEIGHT - BOTTOM, TOP)
    lines = frame(title, x_label, y_label, x, y)
    for series in all_series:
        lines += one(series, x, y)
    return "\n".join(lines + legend(all_series, notes, WIDTH - RIGHT + 14) + ["</svg>\n"])

# SPDX-License-Identifier: Apache-2.0
"""A chart of a run: requests per second of the sides of each contest, and how far the targets are met."""

from html import escape

from report import number

WIDTH, LEFT, RIGHT, LINE, BAR = 960, 330, 190, 22, 14
SPAN = WIDTH - LEFT - RIGHT
COLOURS = {"ours": "#1b6ca8", "floor": "#8a8f98"}
OTHER, ALONE = "#c77d1e", "#c9ccd1"
MET, MISSED = "#2d8a4e", "#b3352c"
STYLE = (
    "text{font:13px sans-serif;fill:#222}.head{font-weight:bold;font-size:15px}.case{font-weight:bold}.small{font-size:11px;fill:#555}"
)


class Sheet:
    """Lines from top to bottom."""

    def __init__(self):
        self.y, self.parts = 30, []

    def text(self, x: float, words: str, kind: str = "", anchor: str = "start") -> None:
        self.parts.append(
            f'<text x="{x:.1f}" y="{self.y}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>'
        )

    def bar(self, start: float, width: float, colour: str) -> None:
        self.parts.append(
            f'<rect x="{start:.1f}" y="{self.y - BAR + 2}" width="{max(width, 0.5):.1f}" height="{BAR}" fill="{colour}"/>'
        )

    def whisker(self, low: float, high: float) -> None:
        middle = self.y - BAR / 2 + 2
        self.parts.append(
            f'<path d="M{low:.1f} {middle}H{high:.1f}M{low:.1f} {middle - 4}v8M{high:.1f} {middle - 4}v8" stroke="#222" fill="none"/>'
        )

    def tick(self, x: float) -> None:
        self.parts.append(f'<path d="M{x:.1f} {self.y - BAR - 1}v{BAR + 6}" stroke="#222" stroke-width="2"/>')

    def next(self, lines: float = 1) -> None:
        self.y += round(LINE * lines)

    def svg(self) -> str:
        height = self.y + 10
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">'
            f'<style>{STYLE}</style><rect width="100%" height="100%" fill="#fff"/>' + "".join(self.parts) + "</svg>\n"
        )


def colour_of(side: str) -> str:
    return ALONE if side.startswith("pgbench") else COLOURS.get(side, OTHER)


def draw_sides(sheet: Sheet, rows: list[dict]) -> None:
    """The rates of one case with as many connections."""
    most = max(row["max"] for row in rows) or 1
    for row in rows:
        scale = SPAN / most
        sheet.text(LEFT - 8, row["side"], anchor="end")
        sheet.bar(LEFT, row["median"] * scale, colour_of(row["side"]))
        sheet.whisker(LEFT + row["min"] * scale, LEFT + row["max"] * scale)
        sheet.text(WIDTH - RIGHT + 10, f"{number(row['median'])}/s", "small")
        sheet.next()


def draw_rates(sheet: Sheet, rows: list[dict]) -> None:
    rates = [row for row in rows if row["what"] == "requests" and row["side"]]
    if not rates:
        return
    sheet.text(20, "Requests per second: median, least and most of the rounds", "head")
    sheet.next(1.4)
    for case, connections in dict.fromkeys((row["case"], row["connections"]) for row in rates):
        sheet.text(20, f"{case}, {connections} connection{'s' if connections > 1 else ''}", "case")
        sheet.next()
        draw_sides(sheet, [row for row in rates if (row["case"], row["connections"]) == (case, connections)])
        sheet.next(0.5)


def draw_target(sheet: Sheet, row: dict) -> None:
    """The value beside its target, which is at the same place in each line."""
    relation, limit = row["target"].split()
    scale = SPAN / 2 / float(limit) if float(limit) else SPAN / 2
    end = min(row["median"] * scale, SPAN)
    sheet.text(20, f"{row['case']}: {row['what'].strip()}", "small")
    sheet.next(0.9)
    sheet.bar(LEFT, end, MET if row["met"] else MISSED)
    sheet.tick(LEFT + float(limit) * scale)
    words = f"{number(row['median'])} ({relation} {limit}): {'met' if row['met'] else 'missed'}"
    sheet.text(WIDTH - RIGHT + 10, words, "small")
    sheet.next()


def draw(content: dict) -> str:
    """The chart as SVG, from what --json writes."""
    sheet = Sheet()
    sheet.text(20, f"./dev bench, {content['date']}, {content['machine']['revision']}", "head")
    sheet.next()
    begin, end = content["load"]
    sheet.text(20, f"{content['machine']['processor']}; load average {begin:.1f} to {end:.1f}", "small")
    sheet.next(1.5)
    draw_rates(sheet, content["rows"])
    targets = [row for row in content["rows"] if row["target"]]
    if targets:
        sheet.text(20, "Targets (the mark)", "head")
        sheet.next(1.4)
    for row in targets:
        draw_target(sheet, row)
    return sheet.svg()

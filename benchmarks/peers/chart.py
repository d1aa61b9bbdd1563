"""The picture of docs/peers.md: an SVG, in the colours of whoever reads it."""

from math import log10
from typing import Any

from contenders import NOBODY, OURS
from figures import NO, YES, Figures, all_figures

WIDTH, TOP, ROW, BAR = 900, 64, 34, 14
NAME, DOTS, SAVE, BULK = 8, 232, 470, 700  # where each column begins
DOT, LENGTH, LABEL = 17, 140, 6
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.head, .note { font-size: 12px; fill: #59636e }
.ours { font-weight: 600 }
.client, .yes { fill: #0969da }
.server { fill: #54aeff }
.both { fill: #8250df }
.part { stroke: #0969da; fill: none; stroke-width: 2 }
.no { fill: #c4cad1 }
.line { stroke: #d1d9e0 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc }
  .head, .note { fill: #9198a1 }
  .client, .yes { fill: #4493f8 }
  .server { fill: #1f4f8f }
  .both { fill: #8957e5 }
  .part { stroke: #4493f8 }
  .no { fill: #4a525b }
  .line { stroke: #3d444d }
}
"""
HEADS = {
    NAME: "",
    DOTS: "twelve write paths",
    SAVE: "one save: CPU, us",
    BULK: "100,000 users: CPU, to no audit",
}


def chart(measured: dict[str, Any]) -> str:
    all_ = all_figures(measured)
    height = TOP + ROW * len(all_) + 40
    most = max(sum(each.cpu("autocommit")) for each in all_)
    largest = max(each.ratio("bulk").median for each in all_)
    rows = [row(each, TOP + ROW * n, most, largest) for n, each in enumerate(all_)]
    heads = [
        f'<text class="head" x="{x}" y="{TOP - 22}">{text}</text>' for x, text in HEADS.items()
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
            "<title>What each records, and what it costs</title>",
            f"<desc>{' '.join(map(sentence, all_))}</desc>",
            f"<style>{STYLE}</style>",
            *heads,
            *rows,
            legend(height - 16),
            "</svg>\n",
        ]
    )


def sentence(each: Figures) -> str:
    right, recorded = each.counts()
    return (
        f"{each.contender.title}: {recorded} of 12 paths recorded, {right} with actor and address;"
        f" {sum(each.cpu('autocommit')) * 1e6:.0f} us for a save,"
        f" {each.ratio('bulk').median:,.1f} times no audit in bulk."
    )


def row(each: Figures, y: int, most: float, largest: float) -> str:
    middle = y + 5
    name = "ours" if each.contender == OURS else ""
    parts = [
        f'<line class="line" x1="{NAME}" x2="{WIDTH - 8}" y1="{y - 17}" y2="{y - 17}"/>',
        f'<text class="{name}" x="{NAME}" y="{middle}">{each.contender.title}</text>',
    ]
    if each.contender != NOBODY:
        parts += dots(each, y)
    return "\n".join(parts + save_bar(each, y, most) + bulk_bar(each, y, largest))


def dots(each: Figures, y: int) -> list[str]:
    marks = []
    for number, (path, said) in enumerate(each.of["paths"].items()):
        kind, radius = {YES: ("yes", 6), NO: ("no", 2)}.get(said, ("part", 5))
        x = DOTS + 6 + DOT * number
        title = f"<title>{path}: {said}</title>"
        marks.append(f'<circle class="{kind}" cx="{x}" cy="{y}" r="{radius}">{title}</circle>')
    return marks


def save_bar(each: Figures, y: int, most: float) -> list[str]:
    client, server = (seconds / most * LENGTH for seconds in each.cpu("autocommit"))
    total = sum(each.cpu("autocommit")) * 1e6
    return [
        bar("client", SAVE, y, client),
        bar("server", SAVE + client, y, server),
        f'<text x="{SAVE + client + server + LABEL:.0f}" y="{y + 5}">{total:,.0f}</text>',
    ]


def bulk_bar(each: Figures, y: int, largest: float) -> list[str]:
    """Each length a power of ten."""
    times = each.ratio("bulk").median
    length = LENGTH * log10(times) / log10(largest)
    text = f"{times:,.1f}" if times < 10 else f"{times:,.0f}"
    return [
        bar("both", BULK, y, max(length, 1)),
        f'<text x="{BULK + max(length, 1) + LABEL:.0f}" y="{y + 5}">{text}</text>',
    ]


def bar(kind: str, x: float, y: int, length: float) -> str:
    return (
        f'<rect class="{kind}" x="{x:.1f}" y="{y - BAR // 2}" width="{length:.1f}" height="{BAR}"/>'
    )


def legend(y: int) -> str:
    return "\n".join(
        [
            f'<circle class="yes" cx="{DOTS - 18}" cy="{y - 4}" r="6"/>',
            note(DOTS - 8, y, "rightly"),
            f'<circle class="part" cx="{DOTS + 50}" cy="{y - 4}" r="5"/>',
            note(DOTS + 60, y, "without actor or address"),
            bar("client", SAVE, y - 4, BAR),
            note(SAVE + 20, y, "client"),
            bar("server", SAVE + 66, y - 4, BAR),
            note(SAVE + 86, y, "server"),
            bar("both", BULK, y - 4, BAR),
            note(BULK + 20, y, "both, logarithmic"),
        ]
    )


def note(x: int, y: int, text: str) -> str:
    return f'<text class="note" x="{x}" y="{y}">{text}</text>'

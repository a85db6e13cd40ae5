"""The table and the picture of bench/compare."""
import statistics
import subprocess
import time
from dataclasses import dataclass
from importlib import metadata
from xml.sax.saxutils import escape


most_in_a_row = 10  # ratios; what has more is listed below the table


@dataclass
class Result:
    row: object
    ours: dict    # weft's median, by figure ("" or p50, p99): seconds, or bytes
    ratios: dict  # (peer, figure) -> one ratio a pair
    worth: list   # how much two threads did beside one, before the row and after it

    def medians(self):
        return {key: statistics.median(values) for key, values in self.ratios.items()}

    def least(self):
        """What the goal is held against: the median ratio to the peer that comes closest."""
        medians = list(self.medians().values())
        if not medians:
            return None
        return statistics.geometric_mean(medians) if self.row.mean else min(medians)


def amount(row, value):
    if row.kind == "memory":
        return f"{value / 2**20:.1f} MB"
    for unit, scale in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if value >= scale:
            return f"{value / scale:.3g} {unit}"
    return f"{value * 1e9:.0f} ns"


def described(result):
    """'PyTorch 6.20 (5.90-6.41)' for each peer."""
    parts = []
    for (peer, figure), values in sorted(result.ratios.items(), key=lambda item: statistics.median(item[1])):
        spread = f" ({min(values):.2f}-{max(values):.2f})" if len(values) > 1 else ""
        parts.append(f"{' '.join(filter(None, (peer, figure)))} {statistics.median(values):.2f}{spread}")
    return parts


def own(result):
    return ", ".join(f"{which} {amount(result.row, value)}".strip() for which, value in (result.ours or {}).items())


def worth(result):
    return " to ".join(dict.fromkeys(f"{value:.1f}" for value in sorted(result.worth)))


def line(result):
    return f"  weft {own(result)}; goal {result.row.goal}; {'; '.join(described(result))} [two threads are worth {worth(result)}]"


def processor():
    """Its name, and its family where it has one: two generations may go by one name."""
    with open("/proc/cpuinfo") as lines:
        facts = dict([part.strip() for part in text.split(":", 1)] for text in lines if ":" in text)
    family = f" (family {facts['cpu family']}, model {facts['model']})" if "cpu family" in facts else ""
    return facts.get("model name", "unknown") + family


def versions(peers):
    """Of the packages in the peers' Python, and of oneDNN."""
    python = next((peer.command[0] for peer in peers if len(peer.command) > 1), None)
    onednn = next((peer.command[0] for peer in peers if peer.name == "oneDNN"), None)
    code = "import importlib.metadata as m\nfor n in ('torch','tensorflow-cpu','keras','onnxruntime'):\n" \
           " try: print(n, m.version(n))\n except m.PackageNotFoundError: pass"
    asked = [command for command in ([python, "-c", code], [onednn, "--version"]) if command[0]]
    found = "".join(subprocess.run(command, capture_output=True, text=True).stdout for command in asked)
    return ", ".join(found.split("\n")).strip(", ") or "none found"


def table(results, notes, arguments, peers):
    text = ["# weft beside its peers", "",
            f"{time.strftime('%Y-%m-%d')}, {processor()}, {arguments.threads} threads, {arguments.pairs} pairs a row. "
            "Ratios are the peer's figure over weft's: above 1 weft is better. Median, then least and greatest of the pairs. "
            "'Two threads' tells how much two of them did beside one just before and after a row: 2 on two cores of their own, "
            "less while the machine is shared. The peers' malloc asks for huge pages, but for memory and start.",
            "", f"Peers: {versions(peers)}.", "",
            "| work | weft | goal | reached | two threads | ratios |", "| --- | --- | --- | --- | --- | --- |"]
    for result in results:
        least, parts = result.least(), described(result)
        reached = "not measured" if least is None else f"**{least:.2f}**" if least < result.row.goal else f"{least:.2f}"
        if len(parts) > most_in_a_row:
            parts = parts[:most_in_a_row] + [f"{len(parts) - most_in_a_row} more below"]
        text.append(f"| {result.row.title} | {own(result)} | {result.row.goal} | {reached} | {worth(result)} | {'; '.join(parts)} |")
    text += ["", "What falls short of its goal is in bold."] + ["", *[f"- {note}" for note in dict.fromkeys(notes)]]
    for result in results:
        if len(result.ratios) > most_in_a_row:
            text += ["", f"## {result.row.title}", "", *[f"- {part}" for part in described(result)]]
    return "\n".join(text) + "\n"


def picture(results):
    """Each row's ratios on a logarithmic axis: a dot for the median, a line from the least to the greatest, a bar where the goal is."""
    import math
    shown = [result for result in results if result.ratios and result.row.kind != "program"]
    left, width, step = 420, 520, 26
    lines = [(result, key, values) for result in shown for key, values in result.ratios.items()]
    low, high = math.log(0.25), math.log(max([30.0] + [max(values) for _, _, values in lines]))
    x = lambda ratio: left + width * (math.log(max(ratio, 0.25)) - low) / (high - low)
    height = 40 + step * len(lines) + 20
    svg = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 20}" height="{height}" font-family="sans-serif" font-size="12">',
           '<rect width="100%" height="100%" fill="white"/>']
    for tick in (0.25, 0.5, 1, 2, 5, 10, 20, 50, 100):
        if math.log(tick) <= high:
            svg.append(f'<line x1="{x(tick):.1f}" y1="24" x2="{x(tick):.1f}" y2="{height - 16}" stroke="{"black" if tick == 1 else "#ddd"}"/>'
                       f'<text x="{x(tick):.1f}" y="18" text-anchor="middle">{tick:g}</text>')
    for number, (result, (peer, figure), values) in enumerate(lines):
        y, median = 40 + step * number, statistics.median(values)
        label = f"{result.row.name} {figure}: {peer}"
        colour = "#1a7f37" if median >= result.row.goal else "#c2410c"
        svg.append(f'<text x="{left - 10}" y="{y + 4}" text-anchor="end">{escape(label)}</text>'
                   f'<line x1="{x(min(values)):.1f}" y1="{y}" x2="{x(max(values)):.1f}" y2="{y}" stroke="{colour}" stroke-width="2"/>'
                   f'<circle cx="{x(median):.1f}" cy="{y}" r="4" fill="{colour}"/>'
                   f'<line x1="{x(result.row.goal):.1f}" y1="{y - 8}" x2="{x(result.row.goal):.1f}" y2="{y + 8}" stroke="#555" stroke-width="2"/>')
    return "\n".join(svg + ["</svg>"]) + "\n"


def write(folder, results, notes, arguments, peers, name):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.md").write_text(table(results, notes, arguments, peers))
    (folder / f"{name}.svg").write_text(picture(results))
    print(f"{folder / name}.md and .svg")

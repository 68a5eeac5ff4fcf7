"""Reads an HdrHistogram log with the reference port for Python and prints, as JSON, what it finds:
for each tag the number of values and the quantiles of all its intervals added up, and the times
of the log. Needs `pip install hdrhistogram`.

usage: hlog_check.py LOG
"""

import json
import math
import sys

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

LOWEST, HIGHEST, DIGITS = 1, 600_000_000_000, 3
QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.999, 1.0)


def at(histogram: HdrHistogram, quantile: float) -> int:
    """The value number ceil(quantile * n), as HdrHistogram counts. The port's own
    `get_value_at_percentile` rounds the number of the value to the nearest."""
    wanted = max(1, math.ceil(quantile * histogram.get_total_count()))
    for step in histogram.get_recorded_iterator():
        if step.total_count_to_this_value >= wanted:
            return int(step.value_iterated_to)
    raise ValueError("an empty histogram has no percentiles")


def main(path: str) -> None:
    merged: dict[str, HdrHistogram] = {}
    times: list[list[float]] = []
    reader = HistogramLogReader(path, HdrHistogram(LOWEST, HIGHEST, DIGITS))
    while (interval := reader.get_next_interval_histogram()) is not None:
        tag = interval.get_tag()
        times.append([interval.get_start_time_stamp(), interval.get_end_time_stamp()])
        merged.setdefault(tag, HdrHistogram(LOWEST, HIGHEST, DIGITS)).add(interval)
    tags = {
        tag: {
            "n": histogram.get_total_count(),
            "quantiles": {str(quantile): at(histogram, quantile) for quantile in QUANTILES},
        }
        for tag, histogram in merged.items()
    }
    span = [min(start for start, _ in times), max(end for _, end in times)] if times else None
    json.dump({"tags": tags, "intervals": len(times), "span_ms": span}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])

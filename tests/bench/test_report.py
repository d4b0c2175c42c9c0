"""The two forms in which a benchmark's result is given."""

import io
import json

from rich.console import Console

from bench.figures import Result
from bench.report import as_json, machine, print_table

RESULT = Result(
    bench="relay",
    figures={"messages a second": {"50": {"tuned": 6354.123, "product": 4800.0}}, "machine": {"cores": 2}},
    ratios={"relay_50_vs_tuned": 0.755443},
    notes=["medians of 3 rounds"],
)


def test_the_json_form_is_one_line_with_bench_figures_ratios_and_notes() -> None:
    line = as_json(RESULT)
    assert "\n" not in line
    assert json.loads(line) == {
        "bench": "relay",
        "figures": {
            "messages a second": {"50": {"tuned": 6354.0, "product": 4800.0}},
            "machine": {"cores": 2},
        },
        "ratios": {"relay_50_vs_tuned": 0.7554},
        "notes": ["medians of 3 rounds"],
    }


def test_the_table_shows_every_figure_ratio_and_note() -> None:
    page = io.StringIO()
    print_table(RESULT, Console(file=page, width=160))
    shown = page.getvalue()
    for expected in (
        "messages a second",
        "50",
        "tuned",
        "6,350",
        "relay_50_vs_tuned",
        "0.755",
        "medians of 3",
    ):
        assert expected in shown


def test_a_result_without_ratios_shows_no_empty_table() -> None:
    page = io.StringIO()
    print_table(Result("relay", {"samples": 3}, {}, []), Console(file=page, width=80))
    assert "samples" in page.getvalue()
    assert "ratio" not in page.getvalue()


def test_the_machine_is_told_with_the_versions_of_what_was_measured() -> None:
    told = machine()
    assert isinstance(told["cores"], int)
    assert isinstance(told["libraries"], dict)
    assert told["libraries"]["python-socketio"].startswith("5.")

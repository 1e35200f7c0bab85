"""What a sweep found, for people and for train: a table, pictures, a file of flags. No TensorFlow."""

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gan.console import columns
from gan.console.flags import words_of
from gan.distributed import sweep_study
from gan.distributed.sweep_study import SweepStudy, TrialRow
from gan.storage import files

BEST_FLAGS = "best.flags"
HISTORY, IMPORTANCES, SLICE = "history.png", "importances.png", "slice.png"
_ORDER = ("done", "pruned", "unfinished", "waiting", "failed")
_NOT_IN_A_RECIPE = ("train_data_pattern", "quality_minutes")
_INCHES_A_FLAG = 3  # width of one panel of SLICE


def words(flags: Mapping[str, Any]) -> str:
    """Flags on one line, with as many digits as people read."""
    return ", ".join(f"{name} {_value(value)}" for name, value in flags.items())


def table(rows: Sequence[TrialRow], metric: str, maximize: bool) -> str:
    """All trials as a table, the best first; why trials failed follows."""
    names = sweep_study.names_of(rows)
    head = ["trial", "state", metric, "minutes", "step", *names]
    lines = [head, *(_cells(row, names) for row in sorted(rows, key=lambda row: _rank(row, maximize)))]
    text = columns.aligned(lines)
    text += [f"{row.name} failed: {row.reason}" for row in rows if row.reason]
    return "\n".join(text)


def write_flags(folder: str, study: SweepStudy) -> str | None:
    """Writes the flags of the best trial as a file that train takes; returns its path, None if no trial is done."""
    best, plan = study.best(), study.plan
    if best is None:
        return None
    flags = {**plan["flags"], **best.flags}
    kept = {name: value for name, value in flags.items() if name not in _NOT_IN_A_RECIPE}
    lines = [
        f"# {best.name} of a sweep over {', '.join(plan['space'])}: {plan['metric']} {best.value:.4g}.",
        *words_of(kept),
    ]
    path = os.path.join(folder, BEST_FLAGS)
    files.write_whole(path, "".join(f"{line}\n" for line in lines).encode())
    return path


def draw(folder: str, study: SweepStudy) -> list[str]:
    """Draws what mattered, as far as there are trials enough; returns the paths of the pictures."""
    import matplotlib

    matplotlib.use("agg")
    optuna = sweep_study.optuna()
    plots, metric = optuna.visualization.matplotlib, study.plan["metric"]
    done = [row for row in study.rows() if row.state == "done"]
    if not done:
        return []
    drawn = [_save(folder, HISTORY, plots.plot_optimization_history(study.study, target_name=metric))]
    varied = [name for name in sweep_study.names_of(done) if len({repr(row.flags[name]) for row in done}) > 1]
    if varied and len({row.value for row in done}) > 1:
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        importances = plots.plot_param_importances(study.study, evaluator=evaluator, params=varied, target_name=metric)
        drawn.append(_save(folder, IMPORTANCES, importances))
        drawn.append(_save(folder, SLICE, plots.plot_slice(study.study, params=varied, target_name=metric)))
    return drawn


def _cells(row: TrialRow, names: Iterable[str]) -> list[str]:
    numbers = [_short(row.value), "" if row.minutes is None else f"{row.minutes:.1f}", _short(row.step)]
    return [row.name, row.state, *numbers, *(_value(row.flags[name]) if name in row.flags else "" for name in names)]


def _rank(row: TrialRow, maximize: bool) -> tuple[int, float]:
    value = float("inf") if row.value is None else -row.value if maximize else row.value
    return _ORDER.index(row.state), value


def _value(flag: object) -> str:
    return "not set" if flag is None else _short(flag)


def _short(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _save(folder: str, name: str, axes: Any) -> str:
    """Writes Optuna's plot, whose axes may be an array of them."""
    import matplotlib.pyplot as plt

    panels = list(getattr(axes, "flat", [axes]))
    figure, path = panels[0].figure, os.path.join(folder, name)
    if len(panels) > 1:
        figure.set_size_inches(_INCHES_A_FLAG * len(panels) + 1, 4)
    with warnings.catch_warnings(), files.written_whole(path) as file:
        warnings.simplefilter("ignore")
        figure.savefig(file, format="png", dpi=100, bbox_inches="tight")
    plt.close(figure)
    return path

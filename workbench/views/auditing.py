"""An audit, looked at: a table of its checks and pictures of balance, lengths, doubtful labels and drift. Nothing is judged here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from workbench.views import figures as fig

MOST = 20  # labels that a picture shows


def audit_html(audit: Any) -> str:
    """Table, picture and the ten labels that are most in doubt. Everything from data is escaped."""
    from workbench.views.tables import image_html, shortened, table_html

    parts = [table_html([dict(zip(("check", "found"), r, strict=True)) for r in audit.table().itertuples(index=False)]),
             "" if audit.problems else "<p>No problem found.</p>", image_html(audit_figure(audit), audit_words(audit), 760)]  # fmt: skip
    rows = [{"row": s.row, "given": f"{s.given} ({s.p_given:.0%})", "proposed": f"{s.proposed} ({s.p_proposed:.0%})",
             "text": shortened(s.text)} for s in audit.suspects[:10]]  # fmt: skip
    return "".join([*parts, table_html(rows, "Labels to look at, surest first (rows of training from 0)")])


def audit_figure(audit: Any) -> Figure:
    """One row of axes: balance by split, words per text, then doubtful labels and drift where there are any."""
    panels = [balance, lengths] if audit.data is not None else [balance]
    panels += [doubts] if audit.suspects and len(_names(audit)) <= MOST else []
    panels += [words_apart] if audit.drift is not None else []
    tall = max(2.6, 1.2 + 0.26 * min(MOST, len(next(iter(audit.counts.values())))))
    figure = Figure(figsize=(3.9 * min(2, len(panels)), tall * -(-len(panels) // 2)), dpi=110, layout="constrained")
    for place, draw in enumerate(panels, 1):
        draw(audit, figure.add_subplot(-(-len(panels) // 2), min(2, len(panels)), place))
    return figure


def balance(audit: Any, ax: Axes) -> Axes:
    """Share of every label in each split: where the bars of one label differ, the splits differ."""
    shares = pd.DataFrame(audit.counts).fillna(0)
    shares = (shares / shares.sum().clip(lower=1)).iloc[:MOST]
    height = 0.8 / len(shares.columns)
    for k, (split, colour, hatch) in enumerate(zip(shares.columns, fig.SERIES, ("", "//", ".."), strict=False)):
        ax.barh(
            np.arange(len(shares)) + k * height,
            shares[split],
            height,
            color=colour,
            hatch=hatch,
            edgecolor="white",
            label=split,
        )
    ax.set_yticks(np.arange(len(shares)) + 0.4 - height / 2, [_plain(n) for n in shares.index], fontsize=8)
    ax.invert_yaxis()
    ax.set_xlabel("share of the split")
    ax.set_ylabel("label")
    _legend_above(ax)
    return ax


def lengths(audit: Any, ax: Axes) -> Axes:
    """Words per text of every split, as shares."""
    from workbench.data.audit import texts_of

    found = {split: np.array([len(t.split()) for t in texts_of(audit.data, split)]) for split in audit.data}
    top = max(5, int(np.percentile(np.concatenate(list(found.values())), 99)))
    bins = list(np.linspace(0, top, min(30, top) + 1))
    for (split, values), colour, style in zip(found.items(), fig.SERIES, ("-", "--", ":"), strict=False):
        ax.hist(np.minimum(values, top), bins=bins, weights=np.full(len(values), 1 / max(1, len(values))), histtype="step", color=colour,
                ls=style, lw=1.6, label=split)  # fmt: skip
    ax.set_xlabel("words per text")
    ax.set_ylabel("share of the texts")
    _legend_above(ax)
    return ax


def doubts(audit: Any, ax: Axes) -> Axes:
    """How often each label is given where another one is likelier, in training."""
    names = _names(audit)
    counts = np.zeros((len(names), len(names)), dtype=int)
    for s in audit.suspects:
        counts[names.index(s.given), names.index(s.proposed)] += 1
    ax.imshow(counts, cmap="Oranges", vmin=0, aspect="auto")
    for (i, j), n in np.ndenumerate(counts):
        if n:
            ax.text(
                j,
                i,
                str(n),
                ha="center",
                va="center",
                fontsize=8,
                color="white" if n > counts.max() * 0.6 else "#222222",
            )
    ax.set_xticks(range(len(names)), [_plain(n) for n in names], rotation=45, ha="right", fontsize=8)
    ax.set_yticks(range(len(names)), [_plain(n) for n in names], fontsize=8)
    ax.set_xlabel("likelier label (number of texts)")
    ax.set_ylabel("given label")
    return ax


def words_apart(audit: Any, ax: Axes) -> Axes:
    """The words that tell training from the target, and how well they do."""
    d = audit.drift
    rows = [*((w, -1) for w in d.train_words[:8]), *((w, 1) for w in d.target_words[:8])]
    for at, (word, side) in enumerate(rows):
        ax.text(
            side * 0.5,
            at % 8,
            _plain(word),
            ha="center",
            va="center",
            fontsize=8.5,
            color=fig.TRAIN if side < 0 else fig.VALID,
        )
    ax.set_xlim(-1, 1)
    ax.set_ylim(7.6, -0.6)
    ax.set_yticks([])
    ax.set_xticks([-0.5, 0.5], ["training", "target"])
    ax.set_xlabel(f"words by side; AUC {d.auc:.2f} ± {d.se:.2f}")
    ax.set_ylabel("most telling first")
    return ax


def audit_words(audit: Any) -> str:
    """The pictures in words."""
    train = audit.counts["train"]
    most, least = max(train, key=train.get), min(train, key=train.get)
    words = f"Bars of the share of every label by split: in training {most} is the commonest ({train[most]}), {least} the rarest ({train[least]})."
    words += " Beside them, words per text by split." if audit.data is not None else ""
    words += f" {len(audit.suspects)} doubtful labels by given and likelier label." if audit.suspects else ""
    return words + (f" {audit.drift}." if audit.drift is not None else "")


def _names(audit: Any) -> list[str]:
    return list(audit.counts["train"])


def _plain(name: Any) -> str:
    text = str(name)
    return fig.plain(text if len(text) <= 24 else text[:23] + "…")


def _legend_above(ax: Axes) -> None:
    ax.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=3,
        frameon=False,
        fontsize=8,
        borderaxespad=0.2,
        handlelength=1.6,
    )

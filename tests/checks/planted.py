"""Random tables for the proof of the leak checks: honest ones, and the same with one leak planted.

A table has about 2,000 rows of 300 users: numbers with light and heavy tails, counts, flags, categories of 3 to 60
levels, dates, missing values, a near-constant column, correlated columns, honest predictors up to an AUC of .9, and
what is honestly known of a user's past. `KINDS` is the register: one line a kind of leak, with the codes that find it.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl

N_ROWS, N_USERS = 2_000, 300


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table as the audit sees it.

    Attributes:
        frame: Columns, and `_entity`, `_bucket`, `_split`, `_place`.
        target: The label.
        key: The column that names a row, or None.
        hidden: Columns under `not_features`.
        time: The time column, or None.
        entity: The columns that make the entity.
        apart: `pool`: an entity may be in train and in dev.
    """

    frame: pl.DataFrame
    target: str = "label"
    key: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    time: str | None = "at"
    entity: tuple[str, ...] = ("user",)
    apart: str = "everywhere"
    about: dict[str, Any] = field(default_factory=dict)

    @property
    def features(self) -> list[str]:
        """What a model sees."""
        key = self.key if len(self.key) == 1 else ()
        left_out = {self.target, self.time, *key, *self.entity, *self.hidden}
        return [name for name in self.frame.columns if not name.startswith("_") and name not in left_out]

    def __add__(self, columns: dict[str, Any]) -> Table:
        """The table with more columns, or others of the same name."""
        return replace(self, frame=self.frame.with_columns(**columns))


def base(rng: np.random.Generator, *, labels: str = "any") -> Table:
    """An honest table. `labels`: `binary`, `rare` (2 %), `classes` (three), `quantity`, or one of them by chance."""
    if labels == "any":
        labels = rng.choice(["binary", "binary", "rare", "classes", "quantity"])
    user = np.sort(rng.integers(0, N_USERS, N_ROWS))
    at = np.datetime64("2024-01-01") + rng.choice(365 * 24 * 60, N_ROWS, replace=False).astype("timedelta64[m]")
    of_user = rng.normal(size=N_USERS)
    site = rng.integers(0, 60, N_USERS)[user]
    of_site = rng.normal(size=60) * 0.5
    strong, second, third = rng.normal(size=(3, N_ROWS))
    signal = 1.5 * strong + 1.1 * second + 0.8 * third + 0.6 * of_user[user] + of_site[site] + rng.normal(size=N_ROWS)
    frame = pl.DataFrame({"label": _labels(rng, signal, labels)})
    names = np.array([f"u{i:05}" for i in rng.permutation(100_000)[:N_USERS]])
    spend = rng.lognormal(3, 1.5, N_ROWS) * np.exp(0.3 * third)
    frame = frame.with_columns(
        user=pl.Series(names[user]),
        at=pl.Series(at.astype("datetime64[us]")),
        strong=pl.Series(strong),
        second=pl.Series(second * 12.5 + 40),
        twin=pl.Series(second * 12.5 + 40 + rng.normal(0, 3, N_ROWS)),
        third=pl.Series(np.round(third * 3)).cast(pl.Int64),
        spend=pl.Series(np.round(spend, 2)),
        heavy=pl.Series(rng.standard_t(1.5, N_ROWS)),
        visits=pl.Series(rng.poisson(4, N_ROWS)),
        size=pl.Series(rng.integers(1, 1_000, N_ROWS)),
        flag=pl.Series(rng.random(N_ROWS) < 0.3),
        other_flag=pl.Series(rng.random(N_ROWS) < 0.5),
        plan=pl.Series(rng.choice(["free", "basic", "pro"], N_ROWS, p=[0.5, 0.3, 0.2])),
        region=pl.Series(rng.choice([f"r{i}" for i in range(12)], N_ROWS)),
        site=pl.Series([f"s{i:02}" for i in site]),
        product=pl.Series(rng.zipf(1.6, N_ROWS).clip(max=400)).cast(pl.String),
        age=pl.Series(rng.integers(18, 90, N_USERS)[user]),
        joined=pl.Series((np.datetime64("2020-01-01") + rng.integers(0, 1400, N_USERS)[user]).astype("datetime64[D]")),
        seen=pl.Series(np.where(rng.random(N_ROWS) < 0.2, np.nan, rng.normal(size=N_ROWS))).fill_nan(None),
        income=pl.Series(np.where(rng.random(N_ROWS) < 1 / (1 + np.exp(1 - 0.5 * signal)), np.nan, spend)).fill_nan(
            None
        ),
        nearly=pl.Series(np.where(rng.random(N_ROWS) < 0.004, 1, 0)),
    )
    table = Table(
        frame=frame.sample(fraction=1, shuffle=True, seed=int(rng.integers(1 << 30))), about={"labels": labels}
    )
    return placed(with_past(table))


def _labels(rng: np.random.Generator, signal: np.ndarray, labels: str) -> pl.Series:
    if labels == "quantity":
        return pl.Series(np.round(signal * 20 + 100, 3))
    if labels == "classes":
        return pl.Series(np.array(["low", "middle", "top"])[np.digitize(signal, np.quantile(signal, [0.4, 0.75]))])
    share = 0.02 if labels == "rare" else rng.uniform(0.25, 0.6)
    return pl.Series(signal > np.quantile(signal, 1 - share))


def with_past(table: Table) -> Table:
    """What is honestly known when a row happens: the user's earlier rows."""
    number = as_number(table)
    frame = table.frame.with_columns(_y=number, _place=pl.int_range(pl.len())).sort("at")
    frame = frame.with_columns(
        earlier_visits=pl.int_range(pl.len()).over("user"),
        spend_before=pl.col("spend").shift(1).over("user"),
        spend_before_that=pl.col("spend").shift(2).over("user"),
        spend_of_three=pl.col("spend").shift(1).rolling_mean(3).over("user"),
        rate_before=pl.col("_y").shift(1).cum_sum().over("user") / pl.int_range(pl.len()).over("user"),
    )
    return replace(table, frame=frame.sort("_place").drop("_y", "_place"))


def as_number(table: Table) -> pl.Series:
    """The label as a number: of classes whether it is the last."""
    label = table.frame[table.target]
    return label.cast(pl.Float64) if label.dtype != pl.String else (label == label.unique().sort()[-1]).cast(pl.Float64)


def placed(table: Table, *, by: str | None = None) -> Table:
    """The table with `_entity`, and the split and the bucket that its digest gives; `_place` is its order."""
    frame = table.frame
    entity = (
        frame[by or table.entity[0]].cast(pl.String) if by or table.entity else pl.int_range(len(frame), eager=True)
    )
    digests = {name: hashlib.md5(f"salt|{name}".encode()).digest() for name in entity.unique().to_list()}
    share = entity.replace_strict({k: int.from_bytes(d[:6], "big") / 2**48 for k, d in digests.items()})
    bucket = entity.replace_strict({k: d[-1] for k, d in digests.items()}, return_dtype=pl.Int64)
    split = pl.select(
        pl.when(share < 0.1).then(pl.lit("test")).when(share < 0.2).then(pl.lit("dev")).otherwise(pl.lit("train"))
    )
    return replace(
        table,
        frame=frame.with_columns(
            _entity=entity.cast(pl.String),
            _bucket=bucket,
            _split=split.to_series(),
            _place=pl.int_range(len(frame), eager=True),
        ),
    )


# One function a kind: an honest table in, the same with the leak out.
Plant = Callable[[np.random.Generator], Table]


def _is_positive(table: Table) -> np.ndarray:
    return np.asarray(as_number(table).to_numpy() > 0.5)


def shared_entity(rng: np.random.Generator) -> Table:
    table = base(rng)
    rows_of = table.frame.filter(pl.col("_split") == "train")["_entity"].value_counts().filter(pl.col("count") > 1)
    trained = rows_of["_entity"].sort()
    chosen = trained.sample(int(rng.integers(1, 4)), seed=int(rng.integers(1 << 30)))
    first = pl.col("_entity").is_in(chosen.to_list()) & pl.col("_entity").is_first_distinct()
    return table + {"_split": pl.when(first).then(pl.lit("dev")).otherwise("_split")}


def identical_row(rng: np.random.Generator) -> Table:
    table = base(rng)
    train, dev = (table.frame.filter(pl.col("_split") == split) for split in ("train", "dev"))
    copies = train.sample(int(rng.integers(1, 4)), seed=int(rng.integers(1 << 30)))
    taken = dev.head(len(copies)).select("user", "at", "_entity", "_bucket", "_split", "_place")
    copies = pl.concat([copies.drop(taken.columns), taken], how="horizontal").select(table.frame.columns)
    return replace(table, frame=pl.concat([table.frame, copies]))


def one_column(rng: np.random.Generator) -> Table:
    table = base(rng, labels=rng.choice(["binary", "classes", "quantity"]))
    label = table.frame["label"]
    if label.dtype.is_float():
        how = [
            label * 0.01 - 3,
            (label / 50).exp(),
            -(label - label.min()).sqrt(),
            label.rank("ordinal"),
            label.round(0),
        ]  # type: ignore[operator]
        return table + {"leak": how[rng.integers(len(how))]}
    how = rng.choice(["map", "threshold"]) if label.dtype == pl.Boolean else "map"
    if how == "threshold":
        return table + {"leak": pl.Series(np.where(_is_positive(table), 1, -1) * rng.exponential(size=N_ROWS))}
    return table + {"leak": pl.format("{}-{}", pl.Series(label.cast(pl.String)), pl.int_range(pl.len()) % 5)}


def suspicious_column(rng: np.random.Generator) -> Table:
    # Of five tables one has another strong column; this asks what happens beside weak ones.
    table = base(rng, labels="binary")
    weak = replace(table, frame=table.frame.drop("strong", "second", "twin"))
    return weak + {"leak": pl.Series(_is_positive(table) * 4.0 + rng.normal(size=N_ROWS))}


def cut_column(rng: np.random.Generator) -> Table:
    """Three classes by two thresholds, or two classes by what lies between them."""
    x = [rng.normal(50, 20, N_ROWS), rng.lognormal(2, 1, N_ROWS), rng.gamma(2, 10, N_ROWS)][rng.integers(3)]
    low, high = np.quantile(x, [rng.uniform(0.15, 0.4), rng.uniform(0.6, 0.85)])
    is_between = (x > low) & (x < high)
    label = is_between if rng.random() < 0.5 else np.array(["low", "middle", "top"])[np.digitize(x, [low, high])]
    return base(rng, labels="binary") + {"leak": pl.Series(x), "label": pl.Series(label)}


def nearly_cut_column(rng: np.random.Generator) -> Table:
    table = cut_column(rng)
    leak, pasts = table.frame["leak"], [name for name in table.frame.columns if name == "rate_before"]
    noise = pl.Series(rng.normal(0, 0.04, N_ROWS)) * leak.std()
    return replace(table + {"leak": leak + noise}, frame=(table + {"leak": leak + noise}).frame.drop(pasts))


def classes_apart(rng: np.random.Generator) -> Table:
    table = base(rng, labels="binary")
    return table + {"leak": pl.Series(np.where(_is_positive(table), 1, -1) * (1 + rng.exponential(size=N_ROWS)))}


def quantity_nearly(rng: np.random.Generator) -> Table:
    """A column that is the quantity with noise, in few bins, or a function of it that turns."""
    table = base(rng, labels="quantity")
    label = table.frame["label"]
    noisy = label + pl.Series(rng.normal(0, rng.uniform(0.01, 0.3), N_ROWS)) * label.std()
    inner = np.quantile(label, np.linspace(0, 1, int(rng.integers(4, 9)) + 1)[1:-1])
    bins = pl.Series(np.digitize(label, inner)).cast(pl.String)
    turned = pl.Series(rng.normal(size=N_ROWS))
    how = rng.integers(3)
    if how == 2:
        return table + {"leak": turned, "label": (turned - 0.3) ** 2}
    return table + {"leak": [noisy, bins][how]}


def _pair(table: Table, a: Any, b: Any, label: Any) -> Table:
    return table + {"a": a, "b": b, "label": pl.Series(label)}


def pair_of_flags(rng: np.random.Generator) -> Table:
    a, b = rng.random((2, N_ROWS)) < 0.5
    return _pair(base(rng, labels="binary"), pl.Series(a), pl.Series(b), a ^ b)


def pair_of_categories(rng: np.random.Generator) -> Table:
    n = int(rng.integers(3, 7))
    a, b = rng.integers(0, n, (2, N_ROWS))
    words = np.array([f"w{i}" for i in range(n)])
    return _pair(base(rng, labels="binary"), pl.Series(words[a]), pl.Series(words[b]), (a + b) % n < n // 2)


def pair_of_thresholds(rng: np.random.Generator) -> Table:
    a, b = rng.normal(50, 20, N_ROWS), rng.lognormal(2, 1, N_ROWS)
    cuts = [np.quantile(x, rng.uniform(0.35, 0.65)) for x in (a, b)]
    return _pair(base(rng, labels="binary"), pl.Series(a), pl.Series(b), (a > cuts[0]) ^ (b > cuts[1]))


def pair_by_difference(rng: np.random.Generator) -> Table:
    if rng.random() < 0.5:
        a = np.datetime64("2024-01-01") + rng.integers(0, 365, N_ROWS)
        b = np.datetime64("2024-01-01") + rng.integers(0, 365, N_ROWS)
        return _pair(
            base(rng, labels="binary"),
            pl.Series(a.astype("datetime64[D]")),
            pl.Series(b.astype("datetime64[D]")),
            a > b,
        )
    a, b = rng.normal(100, 15, (2, N_ROWS))
    return _pair(base(rng, labels="binary"), pl.Series(a), pl.Series(b), a - b > rng.normal(0, 5))


def pair_by_sum(rng: np.random.Generator) -> Table:
    a, b = rng.gamma(2, 10, (2, N_ROWS))
    return _pair(
        base(rng, labels="binary"), pl.Series(a), pl.Series(b), a + b > np.quantile(a + b, rng.uniform(0.4, 0.7))
    )


def pair_by_ratio(rng: np.random.Generator) -> Table:
    a, b = rng.lognormal(4, 1, (2, N_ROWS))
    return _pair(base(rng, labels="binary"), pl.Series(a), pl.Series(b), a / b > np.exp(rng.normal(0, 0.4)))


def pair_that_is_equal(rng: np.random.Generator) -> Table:
    cities = np.array([f"city {i}" for i in range(30)])
    label = rng.random(N_ROWS) < 0.4
    a = rng.integers(0, 30, N_ROWS)
    b = np.where(label, a, (a + rng.integers(1, 30, N_ROWS)) % 30)
    return _pair(base(rng, labels="binary"), pl.Series(cities[a]), pl.Series(cities[b]), label)


def pair_of_a_quantity(rng: np.random.Generator) -> Table:
    table, (a, b) = base(rng, labels="quantity"), rng.lognormal(2, 0.7, (2, N_ROWS))
    label = [a * b, a + 3 * b, a / b][rng.integers(3)]
    return _pair(table, pl.Series(a), pl.Series(b), label)


def pair_of_classes(rng: np.random.Generator) -> Table:
    """Three classes cut from what two columns make."""
    a, b = rng.lognormal(3, 0.6, (2, N_ROWS))
    made = [a + b, a - b, a / b][rng.integers(3)]
    cuts = np.quantile(made, [rng.uniform(0.2, 0.4), rng.uniform(0.6, 0.8)])
    label = np.array(["low", "middle", "top"])[np.digitize(made, cuts)]
    return _pair(base(rng, labels="classes"), pl.Series(a), pl.Series(b), label)


def pair_in_order(rng: np.random.Generator) -> Table:
    """A quantity in the order of what two columns make, or with a little noise."""
    table, (a, b) = base(rng, labels="quantity"), rng.lognormal(2, 0.7, (2, N_ROWS))
    made = [a * b, a + b, a / b][rng.integers(3)]
    label = [np.sqrt(made), np.log(made), np.round(made, 1), made * (1 + rng.normal(0, 0.005, N_ROWS))][rng.integers(4)]
    return _pair(table, pl.Series(a), pl.Series(b), label)


def missing_exactly(rng: np.random.Generator) -> Table:
    table = base(rng, labels="binary")
    gone = _is_positive(table) if rng.random() < 0.5 else ~_is_positive(table)
    return table + {"leak": pl.when(pl.Series(~gone)).then(pl.Series(rng.normal(size=N_ROWS)))}


def missing_mostly(rng: np.random.Generator) -> Table:
    table = base(rng, labels=rng.choice(["binary", "classes"]))
    gone = np.where(_is_positive(table), rng.random(N_ROWS) < 0.95, rng.random(N_ROWS) < 0.05)
    return table + {"leak": pl.when(pl.Series(~gone)).then(pl.Series(rng.normal(size=N_ROWS)))}


def missing_of_a_quantity(rng: np.random.Generator) -> Table:
    table = base(rng, labels="quantity")
    gone = (pl.col("label") > table.frame["label"].quantile(rng.uniform(0.5, 0.9))).alias("gone")
    return table + {"leak": pl.when(~gone).then(pl.Series(rng.normal(size=N_ROWS)))}


def sorted_by_label(rng: np.random.Generator) -> Table:
    table = base(rng, labels=rng.choice(["binary", "classes", "quantity"]))
    frame = table.frame.sort("label", maintain_order=True)
    return replace(table, frame=frame.with_columns(_place=pl.int_range(pl.len())))


def in_turns(rng: np.random.Generator) -> Table:
    table = base(rng, labels="binary")
    n = int(rng.integers(2, 7))
    place = pl.int_range(pl.len())
    return table + {"label": pl.Series(table.frame.select(place % n == 0).to_series())}


def id_in_ranges(rng: np.random.Generator) -> Table:
    table = base(rng, labels=rng.choice(["binary", "classes", "quantity"]))
    order = table.frame["label"].rank("ordinal").cast(pl.Int64)
    ids = 100_000 + order * 7 + pl.Series(rng.integers(0, 7, N_ROWS))
    if rng.random() < 0.5:
        ids = "case-" + ids.cast(pl.String)
    return replace(table + {"id": ids}, key=("id",))


def id_with_a_mark(rng: np.random.Generator) -> Table:
    table = base(rng, labels="binary")
    positive, number = pl.Series(_is_positive(table)), pl.Series(rng.permutation(900_000)[:N_ROWS] + 100_000)
    number, mark = (
        number.cast(pl.String),
        pl.select(pl.when(positive).then(pl.lit("P")).otherwise(pl.lit("N"))).to_series(),
    )
    ids = [mark + "-" + number, number + mark, number.str.head(3) + mark + number.str.tail(3)][rng.integers(3)]
    return replace(table + {"id": ids}, key=("id",))


def id_by_parity(rng: np.random.Generator) -> Table:
    table, n = base(rng, labels="binary"), int(rng.integers(2, 10))
    number = rng.permutation(10**6)[:N_ROWS] * n
    return replace(table + {"id": pl.Series(number + (0 if n == 1 else 1) * _is_positive(table))}, key=("id",))


def id_by_length(rng: np.random.Generator) -> Table:
    table = base(rng, labels="binary")
    number = np.where(
        _is_positive(table), rng.permutation(9 * 10**6)[:N_ROWS] + 10**6, rng.permutation(9 * 10**5)[:N_ROWS] + 10**5
    )
    return replace(table + {"id": pl.Series(number).cast(pl.String)}, key=("id",))


def _grouped(rng: np.random.Generator, share: float) -> tuple[Table, pl.Series]:
    """Rows are entities of their own; 250 patients, whose rows share a label but for `share` of them."""
    table = base(rng, labels="binary")
    patient = rng.integers(0, 250, N_ROWS)
    label = (rng.random(250) < 0.4)[patient] ^ (rng.random(N_ROWS) < share)
    names = np.array([f"p{i:04}" for i in rng.permutation(10_000)[:250]])
    rows = table.frame.drop("user", *PAST).with_columns(label=pl.Series(label), id=pl.int_range(pl.len()))
    table = placed(replace(table, frame=rows, key=("id",), entity=()), by="id")
    return table, pl.Series(names[patient]) if rng.random() < 0.5 else pl.Series(rng.permutation(10_000)[:250][patient])


PAST = ("earlier_visits", "spend_before", "spend_before_that", "spend_of_three", "rate_before")


def group_that_is_seen(rng: np.random.Generator) -> Table:
    table, patient = _grouped(rng, 0.05)
    return table + {"patient": patient}


def group_that_is_hidden(rng: np.random.Generator) -> Table:
    table, patient = _grouped(rng, 0.0)
    return replace(table + {"patient": patient}, hidden=("patient",))


def entity_in_both_pools(rng: np.random.Generator) -> Table:
    table = base(rng, labels="binary")
    of_user = {name: rng.random() < 0.4 for name in table.frame["user"].unique().sort().to_list()}
    label = table.frame["user"].replace_strict(of_user, return_dtype=pl.Boolean)
    late = pl.col("at") > pl.datetime(2024, 10, 1)
    train = pl.when(pl.col("_bucket") < 200).then(pl.lit("train")).otherwise(pl.lit("train_dev"))
    split = (
        pl.when(late)
        .then(pl.when(pl.col("_bucket") < 128).then(pl.lit("dev")).otherwise(pl.lit("test")))
        .otherwise(train)
    )
    return replace(table + {"label": label, "_split": split}, apart="pool")


def mean_over_all(rng: np.random.Generator) -> Table:
    how = [pl.Expr.mean, pl.Expr.sum, pl.Expr.max, pl.Expr.min][rng.integers(4)]
    return base(rng) + {"leak": how(pl.col(rng.choice(["strong", "heavy", "size"]))).over("user")}


def count_over_all(rng: np.random.Generator) -> Table:
    return base(rng) + {"leak": pl.len().over("user").cast(pl.Int64)}


def target_encoded(rng: np.random.Generator) -> Table:
    table = base(rng, labels=rng.choice(["binary", "classes", "quantity"]))
    y, by = as_number(table), str(rng.choice(["region", "site", "product"]))
    total, n, m = y.sum(), len(y), float(rng.choice([0, 10]))
    encoded = table.frame.select(by, y=y).select((pl.col("y").sum() + m * total / n).over(by) / (pl.len() + m).over(by))
    return table + {"leak": encoded.to_series()}


def target_encoded_without_itself(rng: np.random.Generator) -> Table:
    table = base(rng, labels=rng.choice(["binary", "quantity"]))
    frame = table.frame.select("site", y=as_number(table))
    others = frame.select((pl.col("y").sum().over("site") - pl.col("y")) / (pl.len().over("site") - 1)).to_series()
    return table + {"leak": others}


def target_to_come(rng: np.random.Generator) -> Table:
    table = base(rng, labels=rng.choice(["binary", "quantity"]))
    frame = table.frame.with_columns(_y=as_number(table), _place=pl.int_range(pl.len())).sort("at")
    y = pl.col("_y")
    by = rng.choice(["user", "nothing"])
    leak = [y.shift(-1), y.rolling_mean(3, center=True), y.rolling_mean(3), y.shift(-3).rolling_mean(3)][
        rng.integers(4)
    ]
    frame = frame.with_columns(leak=leak.over("user") if by == "user" else leak)
    return replace(table, frame=frame.sort("_place").drop("_y", "_place"))


def window_to_come(rng: np.random.Generator) -> Table:
    table = base(rng)
    frame = table.frame.with_columns(_place=pl.int_range(pl.len())).sort("at")
    x = pl.col(str(rng.choice(["strong", "size"])))
    leak = [x.shift(-1), x.rolling_mean(3, center=True), x.rolling_mean(5, center=True, min_samples=1)][rng.integers(3)]
    return replace(table, frame=frame.with_columns(leak=leak.over("user")).sort("_place").drop("_place"))


def standardised(rng: np.random.Generator) -> Table:
    names = ["spend", "size", "heavy"]
    return base(rng) + {
        f"{name}_scaled": (pl.col(name) - pl.col(name).mean()) / pl.col(name).std(ddof=0) for name in names
    }


def brought_to_0_to_1(rng: np.random.Generator) -> Table:
    """Of a column whose largest or least value train lacks: else train alone gives the same scale."""
    table = base(rng)
    in_train = pl.col("_split") == "train"
    x = pl.Series(rng.normal(size=N_ROWS))
    far = int(table.frame.with_row_index().filter(~in_train)["index"][0])
    x[far] = float(x.max()) + 1  # type: ignore[arg-type]
    return table + {"leak": (x - x.min()) / (x.max() - x.min())}  # type: ignore[operator]


def ranked(rng: np.random.Generator) -> Table:
    return base(rng) + {"leak": pl.col("heavy").rank("ordinal") / pl.len()}


def _copied_to_dev(rng: np.random.Generator, table: Table) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Four to eight rows of train as rows of dev, of an entity of dev; and the table's own rows."""
    train, dev = (table.frame.filter(pl.col("_split") == split) for split in ("train", "dev"))
    copies = train.sample(int(rng.integers(4, 9)), seed=int(rng.integers(1 << 30)))
    taken = dev.head(len(copies)).select("user", "at", "_entity", "_bucket", "_split", "_place")
    return pl.concat([copies.drop(taken.columns), taken], how="horizontal").select(table.frame.columns), table.frame


def near_row(rng: np.random.Generator) -> Table:
    """A copy with noise of 1e-4 deviations in every column of floats, or with one sign turned."""
    table = base(rng)
    copies, frame = _copied_to_dev(rng, table)
    floats = [name for name in table.features if frame[name].dtype.is_float()]
    if rng.random() < 0.5:
        noise = {name: pl.Series(rng.uniform(-5e-5, 5e-5, len(copies))) * frame[name].std() for name in floats}
        copies = copies.with_columns(**{name: copies[name] + noise[name] for name in floats})
    else:
        copies = copies.with_columns(-pl.col(str(rng.choice(["strong", "heavy"]))))
    return replace(table, frame=pl.concat([frame, copies]))


def near_text(rng: np.random.Generator) -> Table:
    """A copied text in other case, spacing, unicode form or order of words."""
    table = base(rng)
    syllables = ["ka", "lo", "mé", "ri", "su", "to", "na", "vü", "pe", "di"]
    words = np.array(["".join(rng.choice(syllables, 3)) for _ in range(3_000)])
    table += {"body": pl.Series([" ".join(rng.choice(words, 12)) for _ in range(N_ROWS)])}
    copies, frame = _copied_to_dev(rng, table)
    changes: list[Callable[[str], str]] = [
        str.upper,
        lambda text: text.replace(" ", "  \t"),
        lambda text: unicodedata.normalize("NFD", text),
        lambda text: " ".join(rng.permutation(text.split())),
    ]
    body = [changes[rng.integers(4)](text) for text in copies["body"]]
    return replace(table, frame=pl.concat([frame, copies.with_columns(body=pl.Series(body))]))


def overlap_in_time(rng: np.random.Generator) -> Table:
    """Splits by time, and one row of dev or test at the second of the last row before, or a second earlier."""
    table = base(rng)
    frame = table.frame.sort("at").with_columns(_order=pl.int_range(pl.len()))
    cuts = [int(N_ROWS * share) for share in (0.8, 0.9)]
    split = pl.lit("train")
    for cut, name in zip(cuts, ("dev", "test"), strict=True):
        split = pl.when(pl.col("_order") >= cut).then(pl.lit(name)).otherwise(split)
    cut = cuts[rng.integers(2)]
    early = frame["at"][cut - 1] - np.timedelta64(int(rng.integers(2)), "s").item()
    at = pl.when(pl.col("_order") == cut).then(pl.lit(early)).otherwise("at")
    return replace(table, frame=frame.with_columns(_split=split, at=at).drop("_order"), about={"by": "time"})


def two_names(rng: np.random.Generator) -> Table:
    """A user of dev has the e-mail of a user of train."""
    table = base(rng)
    users = table.frame.group_by("user").agg(pl.col("_split").first()).sort("user")
    names = ["".join(rng.choice(list("abcdefghijklmnoprstuvwz"), 9)) for _ in range(len(users))]
    mails = {user: f"{names[i]}{i % 90}@mail.example" for i, user in enumerate(users["user"])}
    of = {split: users.filter(pl.col("_split") == split)["user"].to_list() for split in ("train", "dev")}
    for one, other in zip(of["dev"][: int(rng.integers(1, 4))], of["train"], strict=False):
        mails[one] = mails[other]
    return table + {"email": table.frame["user"].replace_strict(mails)}


def made_from_another(rng: np.random.Generator) -> Table:
    """A tenth of the rows were made from another of their split, a few of train from one of dev or test."""
    table = base(rng)
    ids = [f"r{i:05}" for i in rng.permutation(90_000)[:N_ROWS]]
    split = table.frame["_split"].to_numpy()
    parents: list[str | None] = [None] * N_ROWS
    for row in rng.permutation(N_ROWS)[: N_ROWS // 10]:
        parents[row] = ids[rng.choice(np.flatnonzero(split == split[row]))]
    for row in rng.permutation(np.flatnonzero(split == "train"))[: int(rng.integers(1, 4))]:
        parents[row] = ids[rng.choice(np.flatnonzero(split != "train"))]
    named = {"id": pl.Series(ids), str(rng.choice(["parent_id", "augmented_from"])): pl.Series(parents)}
    return replace(table + named, key=("id",))


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of leak.

    Attributes:
        codes: Any of them, warning or blocking, finds it.
        plant: Makes a table with it.
    """

    codes: tuple[str, ...]
    plant: Plant


def kind(plant: Plant, *codes: str) -> Kind:
    return Kind(codes=codes, plant=plant)


KINDS = {
    "an entity in two splits": kind(shared_entity, "LEAK1"),
    "an identical row in two splits": kind(identical_row, "LEAK2"),
    "target by one column": kind(one_column, "LEAK3"),
    "target by one column, nearly": kind(suspicious_column, "LEAK4"),
    "classes cut from one column": kind(cut_column, "LEAK3"),
    "classes cut from one column, nearly": kind(nearly_cut_column, "LEAK4"),
    "classes apart along one column": kind(classes_apart, "LEAK4"),
    "quantity by one column, nearly": kind(quantity_nearly, "LEAK4", "LEAK3"),
    "target by two flags": kind(pair_of_flags, "LEAK8"),
    "target by two categories": kind(pair_of_categories, "LEAK8"),
    "target by two thresholds": kind(pair_of_thresholds, "LEAK8"),
    "target by a difference": kind(pair_by_difference, "LEAK8"),
    "target by a sum": kind(pair_by_sum, "LEAK8"),
    "target by a ratio": kind(pair_by_ratio, "LEAK8"),
    "target by two equal columns": kind(pair_that_is_equal, "LEAK8"),
    "quantity by two columns": kind(pair_of_a_quantity, "LEAK8"),
    "classes by two columns": kind(pair_of_classes, "LEAK8"),
    "quantity in the order of two columns": kind(pair_in_order, "LEAK8"),
    "missing exactly with a label": kind(missing_exactly, "LEAK9"),
    "missing mostly with a label": kind(missing_mostly, "LEAK9"),
    "missing above a quantity": kind(missing_of_a_quantity, "LEAK9"),
    "sorted by label": kind(sorted_by_label, "LEAK10"),
    "labels in turns": kind(in_turns, "LEAK10"),
    "ids in ranges": kind(id_in_ranges, "LEAK11"),
    "ids with a mark": kind(id_with_a_mark, "LEAK11"),
    "ids by remainder": kind(id_by_parity, "LEAK11"),
    "ids by length": kind(id_by_length, "LEAK11"),
    "group that is seen": kind(group_that_is_seen, "LEAK12", "LEAK3"),
    "group that is hidden": kind(group_that_is_hidden, "LEAK12"),
    "entity in both pools": kind(entity_in_both_pools, "LEAK12"),
    "aggregate over all rows": kind(mean_over_all, "LEAK13"),
    "count over all rows": kind(count_over_all, "LEAK13"),
    "target encoded over all rows": kind(target_encoded, "LEAK13"),
    "target encoded without itself": kind(target_encoded_without_itself, "LEAK13"),
    "target to come": kind(target_to_come, "LEAK13", "LEAK3"),
    "window to come": kind(window_to_come, "LEAK13"),
    "standardised over all rows": kind(standardised, "LEAK15"),
    "brought to 0 to 1 over all rows": kind(brought_to_0_to_1, "LEAK15"),
    "ranked over all rows": kind(ranked, "LEAK15"),
    "rows nearly alike in two splits": kind(near_row, "LEAK5"),
    "texts nearly alike in two splits": kind(near_text, "LEAK5"),
    "splits that overlap in time": kind(overlap_in_time, "LEAK6"),
    "an entity under two names": kind(two_names, "LEAK7"),
    "a row made from another split's": kind(made_from_another, "LEAK14"),
}
CLEAN = ("binary", "rare", "classes", "quantity")


def honest(rng: np.random.Generator, number: int) -> Table:
    """A clean table, its kind of labels in turn; every third has a key of its own and rows that are entities."""
    table = base(rng, labels=CLEAN[number % len(CLEAN)])
    if number % 3 == 0:
        numbered = table.frame.with_columns(id=pl.Series(rng.permutation(10**6)[:N_ROWS]))
        return placed(replace(table, frame=numbered, key=("id",), entity=(), hidden=("user",)), by="id")
    if number % 3 == 1:
        in_train = pl.col("_split") == "train"
        scaled = (pl.col("spend") - pl.col("spend").filter(in_train).mean()) / pl.col("spend").filter(in_train).std()
        encoded = as_number(table).to_frame("y").with_columns(table.frame["site"], table.frame["_split"])
        of_train = encoded.filter(in_train).group_by("site").agg(site_rate=pl.col("y").mean())
        frame = table.frame.join(of_train, on="site", how="left", maintain_order="left")
        return replace(table, frame=frame.with_columns(spend_scaled=scaled))
    return table

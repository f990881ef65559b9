"""A dataset as a person writes it: the keys of `datasets/<name>.yaml`.

Reading the file is `assets.yaml_file`; whether the names in it exist is asked by `assets.bind`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from assets.cron import parse
from assets.model_spec import HumanLevel, ModelSpec, WeightsSpec
from assets.yaml_moments import as_duration, as_place
from checks.contract import Contract, OneOrMany, Strict

SplitName = Literal["train", "train_dev", "dev", "test"]
# Keys of the design that this version does not have. They are refused by name, never ignored.
NOT_BUILT = frozenset(
    ["slices", "shift.gate", "keep", "columns", "on_duplicate_key"]
    + ["human_level.annotators", "human_level.*.annotators"]
    + [f"source{s}.{key}" for s in ("", "s.*") for key in ("database", "function")]
)


def _as_source(value: object) -> object:
    return {"path": value} if isinstance(value, str | list | tuple) else value


def _as_splits(value: object) -> object:
    return {"policy": value} if isinstance(value, str) else value


def _as_predefined(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


def _as_levels(value: object) -> object:
    levels = value if isinstance(value, list | tuple) else (value,)
    return tuple({"value": level} if isinstance(level, int | float) else level for level in levels)


def _as_cron(value: str | None) -> str | None:
    if value is not None:
        parse(value)
    return value


class SourceSpec(Strict):
    """Where raw data comes from, and how its files are read."""

    path: OneOrMany = Field(description="A file, a glob, `archive.zip/member`, or a list of them.")
    format: Literal["csv", "parquet", "ndjson"] | None = Field(
        None, description="What the files are, when their names do not say."
    )
    names: tuple[str, ...] = Field((), description="Column names, for a CSV file without a header.")
    nulls: OneOrMany = Field((), description="Texts that stand for a missing value, besides nothing at all.")
    delimiter: str | None = Field(None, description="Between fields, when it is not found right.")
    quote: str | None = Field(None, description="Around fields, when it is not found right.")
    encoding: str | None = Field(None, description="Of a CSV file that is not UTF-8.")
    types: dict[str, str] = Field(
        default_factory=dict, description="By column: a DuckDB type. The others are found from the file."
    )
    mode: Literal["append", "replace"] = Field(
        "append", description="Whether the rows of a file that is gone stay (append) or go."
    )


class TimeSplits(Strict):
    """Splits by the dataset's `time`: train first, then dev, then test."""

    dev: Annotated[str | None, BeforeValidator(as_place)] = Field(
        None, description="Where dev begins: a moment, or how long it lasts (`30d`). Default: what `shares` give."
    )
    test: Annotated[str | None, BeforeValidator(as_place)] = Field(
        None, description="Where test begins: a moment, or how long it lasts, up to the newest row."
    )
    gap: Annotated[str | None, BeforeValidator(as_duration)] = Field(
        None, description="How long before dev and test rows are left unused: `1d`, `12h`."
    )
    roll: bool = Field(False, description="Find where splits begin anew in each version, by durations or shares.")
    release: bool = Field(False, description="Let rows that were in dev or test pass into train as splits roll on.")


class Predefined(Strict):
    """Splits that were made elsewhere."""

    column: str | None = Field(None, description="The column that names each row's split.")
    file: str | None = Field(None, description="A CSV or Parquet file of the key's columns and the split's name.")
    split: str = Field("split", description="The column of `file` that names the split.")


class ClusterSpec(Strict):
    """Rows that belong together though no column says so: they are assigned whole."""

    linked_by: OneOrMany = Field((), description="Rows that share a value of any of these belong together.")
    text: OneOrMany = Field((), description="Rows whose texts are nearly the same belong together.")
    similarity: float = Field(0.8, gt=0, le=1, description="How alike texts must be: Jaccard, 1 is the same.")
    numbers: OneOrMany = Field((), description="Rows whose numbers are nearly the same belong together.")
    tolerance: float = Field(
        1e-4, ge=0, description="How far apart numbers may be, in standard deviations of the column."
    )


class SplitsSpec(Strict):
    """How rows are split."""

    policy: str | None = Field(None, description="A named policy of gristmill.toml.")
    entity: OneOrMany = Field((), description="Columns whose rows stay together in one split. Default: the key.")
    evaluate_on: str | None = Field(
        None, description="A condition in SQL: where the product will be used. Dev and test come from there alone."
    )
    apart: Literal["everywhere", "pool"] = Field(
        "everywhere", description="Whether an entity is in one split at most, or in one of each pool."
    )
    shares: dict[SplitName, Decimal] = Field(
        default_factory=dict, description="The share of entities by split; they add up to 1."
    )
    stratified: bool | str = Field(
        False, description="Keep the shares of labels alike in all splits: `true` for the target, or another column."
    )
    time: TimeSplits | None = Field(None, description="Split by the dataset's `time`.")
    predefined: Annotated[Predefined | None, BeforeValidator(_as_predefined)] = Field(
        None, description="Take splits that were made elsewhere: the column that names them, or a file of keys."
    )
    identical: Literal["block", "hold_back"] = Field(
        "block", description="Of predefined splits: what becomes of rows of dev or test with a copy in train."
    )
    clusters: ClusterSpec | None = Field(None, description="Rows that are linked or nearly the same stay together.")
    derived_from: str | None = Field(
        None,
        description="The column that holds the key of the row that a row was made from: it goes where that goes. Not "
        "beside `time` or `predefined`.",
    )
    allow_trained: str | None = Field(
        None,
        min_length=1,
        description="Why entities that were in train under an earlier policy may be in dev and test. Recorded.",
    )

    @property
    def together(self) -> tuple[str, ...]:
        """The columns that say which rows belong together: the entity, what links rows, the origin of a row.

        >>> SplitsSpec(entity="id", derived_from="parent_id").together
        ('id', 'parent_id')
        """
        linked = self.clusters.linked_by if self.clusters else ()
        return (*self.entity, *linked, *((self.derived_from,) if self.derived_from else ()))

    @property
    def named_by(self) -> str | None:
        """The column that names each row's split, where one does."""
        return self.predefined.column if self.predefined else None


class ShiftSpec(Strict):
    """What a difference of distribution has to be, and what it does."""

    tolerance: float = Field(
        0.02,
        gt=0,
        lt=1,
        description="Effects (total variation) below it are no alarm, in every comparison. A difference of "
        "correlations must be beyond .05, or beyond the tolerance where that is larger; an alarm of WATCH1 of a "
        "change that is at most the tolerance passes.",
    )
    on_shift: Literal["warn", "block"] = Field(
        "warn",
        description="What SHIFT4 and WATCH1 do: `block` keeps the version from being published, until "
        "`gristmill accept NAME SHIFT4 --why WHY` lets that one version pass.",
    )
    block_above: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="Under `on_shift: block`, SHIFT4 and WATCH1 block where the change is surely above it and warn up "
        "to there: an effect whose interval lies above it, half a difference of correlations, what is left of a "
        "watch's change without that of earlier days.",
    )


class DatasetSpec(Strict):
    """A dataset: a source or a query is all that it needs."""

    description: str = Field("", description="What one row is.")
    owners: OneOrMany = Field((), description="Whom to ask.")
    tags: OneOrMany = Field((), description="Words to find it by.")
    source: Annotated[SourceSpec | None, BeforeValidator(_as_source)] = Field(None, description="Its one source.")
    sources: dict[str, Annotated[SourceSpec, BeforeValidator(_as_source)]] = Field(
        default_factory=dict, description="Its sources by name, when there are several."
    )
    query: str | None = Field(
        None, description="One SELECT over its sources and other datasets, or the path of an .sql file."
    )
    key: OneOrMany = Field((), description="Columns that together are unique: a rule of the contract by itself.")
    time: str | None = Field(None, description="The column that says when a row happened.")
    target: str | None = Field(None, description="The column that a model is to predict.")
    features: OneOrMany = Field(
        (), description="What a model sees. Default: every column but key, entity, time, target, not_features."
    )
    not_features: OneOrMany = Field(
        (), description="Columns that are not known when the product predicts, or of no use."
    )
    contract: Contract = Field(default_factory=Contract, description="What the dataset promises.")
    splits: Annotated[SplitsSpec, BeforeValidator(_as_splits)] = Field(
        default_factory=SplitsSpec, description="How its rows are split, or the name of a policy."
    )
    shift: ShiftSpec = Field(default_factory=ShiftSpec, description="When a shift is an alarm, and whether it blocks.")
    task: Literal["classification", "regression"] | None = Field(
        None, description="What a model does. Default: found from the target."
    )
    positive: Any = Field(None, description="The label that is the positive class, of a target with two.")
    metric: str | None = Field(None, description="The metric that the first fix is read from.")
    human_level: Annotated[tuple[HumanLevel, ...], BeforeValidator(_as_levels)] = Field(
        (), description="Human-level performance, or a list: one person, an expert, the crowd."
    )
    models: dict[str, ModelSpec] | None = Field(
        None, description="Models by name. Default: one cheap baseline where there is a target; `{}`: none."
    )
    schedule: Annotated[str | None, AfterValidator(_as_cron)] = Field(
        None, description='When it runs, as cron says it, in UTC: `"0 6 * * *"` is six in the morning.'
    )
    watch: bool = Field(False, description="Run it when a file is new, or a dataset that it reads has a new version.")
    breaking: bool = Field(False, description="Let a version drop or retype a column that the last one has.")

    def sources_of(self, name: str) -> dict[str, SourceSpec]:
        """Its sources by name; a single one goes by the dataset's own name."""
        return {name: self.source} if self.source else dict(self.sources)

    def features_among(self, columns: Any) -> list[str]:
        """The columns of `columns` that a model sees, in order.

        >>> DatasetSpec(source="a.csv", key="id", target="y").features_among(["id", "x", "y"])
        ['x']
        """
        if self.features:
            return [column for column in columns if column in self.features]
        # A part of a composite key may be a feature (the carrier of a flight); a key of one column names the row.
        key = self.key if len(self.key) == 1 else ()
        hidden = {*key, *self.splits.together, self.time, self.target, self.splits.named_by, *self.not_features}
        return [column for column in columns if column not in hidden]

    def compared_among(self, columns: Any) -> list[str]:
        """The columns by which two rows are identical: all but key, entity, time, target and `not_features`.

        Nor by the column that names their splits.
        """
        hidden = {*self.key, *self.splits.together, self.time, self.target, self.splits.named_by, *self.not_features}
        return [column for column in columns if column not in hidden]


def conditions_of(spec: DatasetSpec) -> dict[str, str]:
    """The conditions in SQL that a dataset's file holds, by their key."""
    conditions = {f"contract.rules.{name}": rule.expr for name, rule in spec.contract.rules.items()}
    return conditions | ({"splits.evaluate_on": spec.splits.evaluate_on} if spec.splits.evaluate_on is not None else {})


MODELS: dict[tuple[str, ...], type[Strict]] = {
    (): DatasetSpec,
    ("source",): SourceSpec,
    ("sources", "*"): SourceSpec,
    ("splits",): SplitsSpec,
    ("splits", "time"): TimeSplits,
    ("splits", "predefined"): Predefined,
    ("splits", "clusters"): ClusterSpec,
    ("shift",): ShiftSpec,
    ("contract",): Contract,
    ("human_level",): HumanLevel,
    ("models", "*"): ModelSpec,
    ("models", "*", "weights"): WeightsSpec,
}


def known_keys(path: tuple[str, ...]) -> list[str]:
    """The keys that may stand in the map at `path` of a dataset's file.

    >>> known_keys(("splits",))[:2]
    ['policy', 'entity']
    """
    from checks.contract import ColumnPromise, ExpressionPromise, UniquePromise

    nested: dict[tuple[str, ...], type[Strict]] = {
        ("contract", "columns"): ColumnPromise,
        ("contract", "rules"): ExpressionPromise,
        ("contract", "unique"): UniquePromise,
    }
    model = MODELS.get(path) or MODELS.get((*path[:1], "*", *path[2:])) or nested.get(path[:2])
    return [field.alias or name for name, field in model.model_fields.items()] if model else []

"""Every code that a finding can have: what it asks, and what to do when the answer is bad. A table that code reads.

The checks themselves do not belong here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

AskedOf = Literal["source", "dataset", "model"]


@dataclass(frozen=True, kw_only=True)
class Code:
    """One row of the catalogue.

    Attributes:
        title: What is asked, in a few words.
        meaning: When it warns and when it blocks, for the reference.
        advice: The remedy.
        can_block: Whether a bad answer may stop a version.
        asked_of: A source, the dataset itself, or a model.
    """

    title: str
    meaning: str
    advice: str
    can_block: bool = False
    asked_of: AskedOf = "dataset"


CATALOGUE = {
    "SOURCE1": Code(
        title="Columns of the source",
        meaning="Blocks when a file lacks a column that earlier files had. Warns when a file brings a new one.",
        advice="Mend the file, or change the dataset's YAML to what the source now delivers.",
        can_block=True,
        asked_of="source",
    ),
    "SOURCE2": Code(
        title="Rows that cannot be read",
        meaning="Warns when a line of a file is no row of its table. They are kept with file, line and text.",
        advice="Look at them with `gristmill rejected`; mend the file, or say how it is to be read.",
    ),
    "SOURCE3": Code(
        title="Files of the source",
        meaning="Warns when a file that was ingested is gone. Its rows stay, unless the source says `mode: replace`.",
        advice="Bring the file back, or write `mode: replace` to let its rows go.",
        asked_of="source",
    ),
    "CONTRACT1": Code(
        title="Rows rejected by the contract",
        meaning="Warns for every rule of severity `reject` that rows broke. They are kept among the rejected rows.",
        advice="Look at them with `gristmill rejected`; mend the source, or the rule if the data is right.",
    ),
    "CONTRACT2": Code(
        title="Rules broken that only warn",
        meaning="Warns for every rule of severity `warn` that rows broke. The rows are accepted.",
        advice="Know it before you use the column; make the rule `reject` when such rows must not be used.",
    ),
    "CONTRACT3": Code(
        title="Rules that block",
        meaning="Blocks for every rule of severity `block` that any row broke.",
        advice="Mend the source; readers keep the version that they have.",
        can_block=True,
    ),
    "CONTRACT4": Code(
        title="Share of rejected rows",
        meaning="Blocks when more rows are rejected than `max_rejected_share` allows.",
        advice="Look at them with `gristmill rejected`; mend the source, or raise `max_rejected_share` on purpose.",
        can_block=True,
    ),
    "SCHEMA1": Code(
        title="Columns that readers rely on",
        meaning="Blocks when a column of the last version is gone or has another type. Warns under `breaking: true`.",
        advice="Bring the column back, or write `breaking: true` if its readers know.",
        can_block=True,
    ),
    "SPLIT1": Code(
        title="Every row has a split or a reason",
        meaning="Blocks when splits and unused rows do not add up to the accepted rows. Warns when rows are held back.",
        advice="Rows are held back because their entity is in another split; `apart: pool` lets it be in train and in "
        "one of dev and test.",
        can_block=True,
    ),
    "SPLIT2": Code(
        title="No split is empty",
        meaning="Warns when a split that was asked for has no row.",
        advice="There are too few entities, or `evaluate_on` selects none: change shares or the condition.",
    ),
    "SPLIT3": Code(
        title="The policy is that of the last version",
        meaning="Warns when shares, entity, key, `evaluate_on` or another rule of the policy is not that of the last "
        "version, and counts the entities that are in another split.",
        advice="Judge models of an earlier version anew before you compare them with those of this one.",
    ),
    "SPLIT4": Code(
        title="Once trained on, never tested on",
        meaning="Warns when rows of dev or test are unused because their entity was in train under an earlier policy, "
        "and when `allow_trained` lets them be tested on: it counts what either costs. Blocks when such rows are in "
        "dev or test and nobody allowed it.",
        advice="Keep the old policy, or live with fewer rows until new entities come; `allow_trained` tells every "
        "reader that the test set is not unseen.",
        can_block=True,
    ),
    "SPLIT5": Code(
        title="One entity in two datasets",
        meaning="Warns when entities of dev or test are in train of another dataset that has the same entity columns "
        "and another policy.",
        advice="Write one policy into gristmill.toml and name it in both datasets: `splits: {policy: customers, "
        "entity: customer}`.",
    ),
    "SPLIT7": Code(
        title="Label shares of a stratified policy",
        meaning="Warns when a split holds two entities more or less than its share of a stratum, counted over all "
        "entities that had a label when they were first seen.",
        advice="Report it as a fault of Gristmill: the policy promises less than two.",
    ),
    "SPLIT6": Code(
        title="Rows that bridge two clusters",
        meaning="Warns when a new row joins two clusters that are in different splits. It is unused, as `bridge`: no "
        "old row moves.",
        advice="Know it: the two clusters should have been one. Only a new policy (`--new-policy`) can join them.",
    ),
    "SPLIT8": Code(
        title="Cuts by time that rolled on",
        meaning="Warns when rows of times that were dev or test in an earlier version are in train, as `release: true` "
        "allows. Without it they stay unused, and are counted.",
        advice="Judge no model of an earlier version on them, and do not compare with figures of a test set that is "
        "train now.",
    ),
    "SPLIT9": Code(
        title="Splits that were made elsewhere",
        meaning="Blocks when a name is that of no split, or a key of the file has two. Warns of rows without a name "
        "(unused) and of keys without a row.",
        advice="Mend the column or the file: the names are train, train_dev, dev (also val, valid, validation), test.",
        can_block=True,
    ),
    "TARGET1": Code(
        title="Labels",
        meaning="Warns when no row of a split has a label, or all have the same. Counts unlabelled rows.",
        advice="Check the target's column and `evaluate_on`: a model can be neither fitted nor judged on this.",
    ),
    "LEAK1": Code(
        title="Entities shared by splits",
        meaning="Blocks when an entity has rows in two splits (under `apart: pool`, of one pool).",
        advice="Publish again from the stored `_entity`; if it stays, report it as a fault of Gristmill.",
        can_block=True,
    ),
    "LEAK2": Code(
        title="Identical rows in two splits",
        meaning="Blocks when rows equal in all but key, entity, time, target and `not_features` cross splits, and the "
        "dataset has no key, or its splits were made elsewhere. With a key, or another time under splits by time, it "
        "warns.",
        advice="Name as `entity` what makes such rows belong together, or drop the copies in the query.",
        can_block=True,
    ),
    "LEAK3": Code(
        title="A column that determines the target",
        meaning="Blocks when a map from value to label, or one threshold, fitted on half of the entities errs on none "
        "of the other half, with at least 30 rows of each class there.",
        advice="It is the target in other words: name it under `not_features`.",
        can_block=True,
    ),
    "LEAK4": Code(
        title="A column that predicts the target suspiciously well",
        meaning="Warns when a column alone has an AUC of at least .85 and beats by .2 the best column whose rank "
        "correlation with it is under .7.",
        advice="Is it known when you predict? If not, name it under `not_features`.",
    ),
    "LEAK5": Code(
        title="Nearly identical rows in two splits",
        meaning="Warns when a row of another split is nearly the same: a text of the same words but for one in ten, "
        "whatever their case, spacing, unicode form and order, or numbers that differ by at most 1e-4 standard "
        "deviations in every column, or by a sign turned. Numbers are judged where two columns or more can tell such "
        "rows apart, and warn when there are more such pairs than chance makes. Blocks under `splits.clusters`, which "
        "promises that there are none.",
        advice="Let such rows stay together: name the columns under `splits.clusters`, or drop the copies.",
        can_block=True,
    ),
    "LEAK7": Code(
        title="One entity under two names",
        meaning="Warns when a value of an identifier besides the entity (an e-mail, a telephone, a device: a text at "
        "least 95 % of whose values belong to one entity each) belongs to entities of two splits.",
        advice="They are probably one: name the column under `splits.clusters.linked_by`, so that they stay together.",
    ),
    "LEAK14": Code(
        title="Rows made from a row of another split",
        meaning="Blocks when a row that `derived_from` names as made from another is in another split than it, or its "
        "origin is not among the rows. Without `derived_from` a column such as `parent_id` or `augmented_from` that "
        "holds keys of other rows warns.",
        advice="Name the column as `splits.derived_from`: a row then goes where the row goes that it was made from.",
        can_block=True,
    ),
    "LEAK6": Code(
        title="Splits that overlap in time",
        meaning="Blocks when a row of dev or test is not later than every row of the splits before it, and the gap.",
        advice="Publish again; if it stays, report it as a fault of Gristmill.",
        can_block=True,
    ),
    "LEAK8": Code(
        title="Two columns that together determine the target",
        meaning="Blocks when a map of two columns' values, or a threshold of their difference, sum, ratio or product, "
        "errs on no row of entities that it was not fitted on, and neither column is strong alone. Warns when it errs "
        "on at most 1 %, or nothing lies near the threshold.",
        advice="The target is told in two parts: name one or both under `not_features`, if they are not known when you "
        "predict.",
        can_block=True,
    ),
    "LEAK9": Code(
        title="A column whose missing values tell the target",
        meaning="Blocks when whether a column has a value determines a target of two classes. Warns when that tells at "
        "least .85 of the rows of a class and of the others right.",
        advice="It is filled in once the outcome is known: name it under `not_features`.",
        can_block=True,
    ),
    "LEAK10": Code(
        title="The order of the rows and the target",
        meaning="Warns when the place at which a row is stored tells its label: the label of the row before, or the "
        "place's remainder by 2 to 16. Never blocks: splits go by entity and not by place.",
        advice="Shuffle before you take the first rows, or batches in order; the place is no feature.",
    ),
    "LEAK11": Code(
        title="An id that encodes the target",
        meaning="Warns when the order, remainder, length or characters of a part of key or entity that models do not "
        "see tell the label.",
        advice="Never let a model see the id, nor what is made from it or joined by it; keep it under `key` or "
        "`not_features`.",
    ),
    "LEAK12": Code(
        title="Groups across splits that share a label",
        meaning="Warns when the label is constant, or nearly, within the values of a column that stand in train and in "
        "dev or test, or within entities that `apart: pool` allows in both.",
        advice="Name the group as `entity` (with `apart: everywhere`), so that each lies in one split whole.",
    ),
    "LEAK13": Code(
        title="Features that hold what is to come",
        meaning="Warns when a feature is an aggregate over all rows of a group, later ones and those of dev and test "
        "among them (the target's also without a time), or the value or mean of rows to come.",
        advice="Make it anew from earlier rows alone; of the target, from train alone.",
    ),
    "LEAK15": Code(
        title="Columns scaled beyond train",
        meaning="Warns when a column is standardised, brought to 0 to 1, or ranked over exactly all rows and not over "
        "train.",
        advice="Bring the column as it was: models are prepared on train alone, and scale it themselves.",
    ),
    "BIAS1": Code(
        title="Avoidable bias",
        meaning="Warns when the error on train lies above the human level: the 95 % interval of the gap excludes zero, "
        "and the gap is at least .01 of an error rate, .02 of an AUC or a log loss skill, .05 of R2, .05 standard "
        "deviations of the target in MAE or RMSE.",
        advice="Train a bigger model, or train longer or with a better optimiser; then look for better features or "
        "another kind of model.",
        asked_of="model",
    ),
    "VAR1": Code(
        title="Variance",
        meaning="Warns when train_dev (dev, where there is none) is worse than train, with the limits of BIAS1.",
        advice="Get more data, or regularise (a smaller or a more restrained model, early stopping, fewer features); "
        "then look for another kind of model.",
        asked_of="model",
    ),
    "MISMATCH1": Code(
        title="Data mismatch",
        meaning="Warns when dev is worse than train_dev, with the limits of BIAS1.",
        advice="Look at mistakes on dev to learn how its rows differ from those of train; then bring train nearer to "
        "dev: collect rows of that kind, or make them.",
        asked_of="model",
    ),
    "DEV1": Code(
        title="Overfitting to dev",
        meaning="Warns when test is worse than dev, with the limits of BIAS1.",
        advice="Get a bigger or a fresh dev set: choices were made on this one until they fitted it.",
        asked_of="model",
    ),
    "TEST1": Code(
        title="Models judged on this test set",
        meaning="Warns when 10 or more models were judged on one test set: from there on the 95 % interval of the best "
        "of as many equal models that err independently misses the truth in 22 of 100 test sets or more.",
        advice="Read test once, for the model that dev has chosen; widen the interval of the best by the factor told, "
        "or take a fresh test set (rows that came later, or a new policy).",
        asked_of="model",
    ),
    "SHIFT1": Code(
        title="Do train and train_dev differ",
        meaning="Warns when a column differs between train and train_dev beyond chance and beyond the tolerance.",
        advice="The split is not at random: name as `entity` what makes rows alike, or variance and data mismatch "
        "cannot be told apart.",
    ),
    "SHIFT2": Code(
        title="Do dev and test differ",
        meaning="Warns when a column differs between dev and test beyond chance and beyond the tolerance.",
        advice="Take dev and test from the same distribution: a team that aims at dev otherwise hits another target.",
    ),
    "SHIFT3": Code(
        title="Train and dev",
        meaning="Warns when a column differs between train and dev beyond chance and beyond the tolerance. Under "
        "`evaluate_on` the sides are meant to differ: the shift is stated and passes.",
        advice="Dev should be the data that you want to do well on; make train more like it, or declare `evaluate_on` "
        "and read the gap as data mismatch.",
    ),
    "SHIFT4": Code(
        title="This version and the last",
        meaning="Warns when a column differs from the last version beyond chance and beyond the tolerance. Where rows "
        "were only added, the added ones are compared with those that were there.",
        advice="Find out what changed at the source before you fit on it; models of the last version were made for "
        "other data.",
    ),
    "SHIFT5": Code(
        title="Months",
        meaning="Warns never, as seasons are no mistake: it tells which months differ from all others, with the day as "
        "unit.",
        advice="Judge models on the months in which they will be used.",
    ),
    "SHIFT6": Code(
        title="Two tables",
        meaning="Warns for each column in which the two tables of `gm.compare` differ beyond chance and beyond the "
        "tolerance.",
        advice="Look at the column on both sides; a model that was fitted on one may do worse on the other.",
    ),
}

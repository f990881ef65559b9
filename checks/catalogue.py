"""Every code that a finding can have: what it asks, and what to do when the answer is bad. A table that code reads.

The checks themselves do not belong here.
"""

from __future__ import annotations

from checks.catalogue_leakage import LEAKAGE
from checks.code import Code

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
        can_warn=False,
    ),
    "CONTRACT4": Code(
        title="Share of rejected rows",
        meaning="Blocks when more rows are rejected than `max_rejected_share` allows.",
        advice="Look at them with `gristmill rejected`; mend the source, or raise `max_rejected_share` on purpose.",
        can_block=True,
        can_warn=False,
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
        "one of dev and test, where it is not said already.",
        can_block=True,
    ),
    "SPLIT2": Code(
        title="No split is empty",
        meaning="Warns when a split that was asked for has no row.",
        advice="There are too few entities or clusters for the shares, `evaluate_on` selects none, or splits that were "
        "made elsewhere never name this one: change that. Rows that were trained on come back to dev and "
        "test as new entities come; `gristmill splits` counts the unused rows by reason.",
    ),
    "SPLIT3": Code(
        title="The policy is that of the last version",
        meaning="Warns when shares, entity, key, `evaluate_on` or another rule of the policy is not that of the last "
        "version, and counts the entities that are in another split; also when under one policy a late `derived_from` "
        "moves old rows to where their origin is.",
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
        advice="Write one plain policy into gristmill.toml and name it in both datasets: `splits: {policy: customers, "
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
        "old row moves. Warns, too, when one cluster holds more than half of the rows.",
        advice="Know it: the two clusters should have been one. Only a new policy (`--new-policy`) can join them. A "
        "cluster of half of the rows is linked too widely: link by what tells who somebody is.",
    ),
    "SPLIT8": Code(
        title="Cuts by time that rolled on",
        meaning="Warns when rows of times that were dev or test in an earlier version are in train, as `release: true` "
        "allows. Without it they stay unused and are counted; it blocks when one is in train all the same.",
        advice="Judge no model of an earlier version on them, and do not compare with figures of a test set that is "
        "train now. A version that blocks is a fault of Gristmill: report it.",
        can_block=True,
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
    **LEAKAGE,
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
        meaning="Warns when a column differs between train and train_dev beyond chance and beyond the tolerance, or "
        "two columns are related otherwise.",
        advice="The split is not at random: name as `entity` what makes rows alike, or variance and data mismatch "
        "cannot be told apart.",
    ),
    "SHIFT2": Code(
        title="Do dev and test differ",
        meaning="Warns when a column differs between dev and test beyond chance and beyond the tolerance, or two "
        "columns are related otherwise.",
        advice="Take dev and test from the same distribution: a team that aims at dev otherwise hits another target.",
    ),
    "SHIFT3": Code(
        title="Train and dev",
        meaning="Warns when a column differs between train and dev beyond chance and beyond the tolerance, or two "
        "columns are related otherwise. Under `evaluate_on` the sides are meant to differ: it is stated and passes.",
        advice="Dev should be the data that you want to do well on; make train more like it, or declare `evaluate_on` "
        "and read the gap as data mismatch.",
    ),
    "SHIFT4": Code(
        title="This version and the last",
        meaning="Warns when a column differs from the last version beyond chance and beyond the tolerance, or two "
        "columns are related otherwise. Where rows were only added, the added ones are compared with those that were "
        "there. Under `shift: {on_shift: block}` it blocks where the change is surely beyond `block_above` (a "
        "difference of correlations counts by half), until `gristmill accept NAME SHIFT4 --why WHY` lets that version "
        "pass.",
        advice="Find out what changed at the source before you fit on it; models of the last version were made for "
        "other data.",
        can_block=True,
    ),
    "SHIFT5": Code(
        title="Months",
        meaning="Warns never, as seasons are no mistake: it tells which months differ from all others, with the day as "
        "unit.",
        advice="Judge models on the months in which they will be used.",
        can_warn=False,
    ),
    "SHIFT6": Code(
        title="Two tables",
        meaning="Warns for each column in which the two tables of `gm.compare` differ beyond chance and beyond the "
        "tolerance, for each two columns that are related otherwise, and where a classifier that was asked for tells "
        "the tables apart.",
        advice="Look at the column on both sides; a model that was fitted on one may do worse on the other.",
        asked_of="tables",
    ),
    "WATCH1": Code(
        title="Days that are not like those before",
        meaning="Warns when days that came since watching began differ from all days before them: each new day is "
        "judged once, and in at most one year of twenty is the alarm false where nothing changed. An alarm of a change "
        "that is at most the tolerance is told and passes. Under `shift: {on_shift: block}` it blocks where the change "
        "is surely beyond `block_above`. Days of the first version are played back and never warn. Warns, too, when a "
        "larger share of rows has no day than before, beyond chance and beyond the tolerance.",
        advice="Look at the columns that lead, from the day of the alarm on: `gristmill shift`, `--by day`. Mend the "
        "source, or fit models anew on days that are like today. Seasons are real and alarm too: the days of one "
        "season are no reference for the next.",
        can_block=True,
    ),
}

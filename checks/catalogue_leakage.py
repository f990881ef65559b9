"""The codes of leakage: what each asks, and what to do when the answer is bad. The others are `checks.catalogue`."""

from __future__ import annotations

from checks.code import Code

LEAKAGE = {
    "LEAK1": Code(
        title="Entities shared by splits",
        meaning="Blocks when an entity has rows in two splits (under `apart: pool`, of one pool).",
        advice="Publish again from the stored `_entity`; if it stays, report it as a fault of Gristmill.",
        can_block=True,
        can_warn=False,
    ),
    "LEAK2": Code(
        title="Identical rows in two splits",
        meaning="Blocks when rows equal in all but key, entity, time, target and `not_features` cross splits, and the "
        "dataset has no key, or its splits were made elsewhere. With a key, or another time under splits by time, it "
        "warns when there are more pairs of them than independent draws of the columns give.",
        advice="Name as `entity` what makes such rows belong together, or drop the copies in the query.",
        can_block=True,
    ),
    "LEAK3": Code(
        title="A column that determines the target",
        meaning="Blocks when a map from value to label, fitted on half of the entities, errs on no row of the rest, "
        "with at least 30 rows of each class there; when the classes are cut from the column by a few thresholds with "
        "rows close to each on both sides; or when it puts the rows in the order of a quantity.",
        advice="It is the target in other words: name it under `not_features`.",
        can_block=True,
        can_warn=False,
    ),
    "LEAK4": Code(
        title="A column that predicts the target suspiciously well",
        meaning="Warns when a column alone has an AUC of at least .85 (of three classes or more, that of the class "
        "that it tells best against the rest) or tells .8 of the ranks of a quantity, and beats by .2 the best column "
        "whose rank correlation with it is under .7. Also where classes lie apart along a column with a gap between "
        "them, and where few values put the rows in the order of a quantity.",
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
        "least 95 % of whose values belong to one entity each) belongs to entities of two splits, under `apart: pool` "
        "of two splits of one pool. Blocks for a column of `clusters.linked_by`, which promises that there is none. "
        "Cannot tell of a column more than 5 % of whose values belong to several entities.",
        advice="They are probably one: name the column under `splits.clusters.linked_by`, so that they stay together.",
        can_block=True,
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
        can_warn=False,
    ),
    "LEAK8": Code(
        title="Two columns that together determine the target",
        meaning="Blocks when a map of two columns' values, or a threshold of their difference, sum, ratio or product, "
        "errs on no row of entities that it was not fitted on, and neither column is strong alone; or one of these "
        "puts the rows in the order of a quantity. Warns when it errs on at most 1 %, nothing lies near the threshold, "
        "or the ranks of a quantity correlate to .999.",
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
}

"""The split of a row, told again by the standard library alone: what any other language would have to do."""

from __future__ import annotations

import hashlib


def thresholds(shares: dict[str, float]) -> list[tuple[str, str]]:
    total, cumulated, line = sum(shares.values()), 0.0, []
    for split in [s for s in ("test", "dev", "train_dev", "train") if s in shares]:
        cumulated += shares[split] / total
        line.append((split, f"{round(cumulated * 16**12):012x}"))
    return [*line[:-1], (line[-1][0], "g")]


def split_of(salt: str, entity: str, line: list[tuple[str, str]]) -> tuple[str, int]:
    digest = hashlib.md5(f"{salt}|{entity}".encode()).hexdigest()
    return next(split for split, threshold in line if digest[:12] < threshold), int(digest[-2:], 16)

"""A claim is a file: it is found, with its arms, and nothing lists it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from claims import worlds
from limbeck.claims.found import arms_of, claim_of, claims, find_claim, labels_of, paper_files
from limbeck.core.errors import UsageError
from limbeck.recipes.projects.icons import icons


def test_claims_are_found_by_their_file(tmp_path: Path):
    assert "fresh_claim" not in claims()
    with worlds.papered(tmp_path):
        assert {"fresh_claim", "fresh_study"} <= claims().keys()
        assert "fresh_no_teacher" not in claims()
        assert paper_files()["fresh_paper.py"] == ["fresh_claim", "fresh_study"]
        assert labels_of(find_claim("fresh_study")) == ["method", "less"]
        with pytest.raises(UsageError, match="unknown claim 'fresh_clam'.*did you mean 'fresh_claim'"):
            find_claim("fresh_clam")
    assert "fresh_claim" not in claims()


def test_arms_are_the_method_and_its_baselines(tmp_path: Path):
    with worlds.papered(tmp_path):
        item = find_claim("fresh_claim")
        arms = arms_of(item)  # type: ignore[arg-type]
        assert [arm.name for arm in arms.values()] == ["fresh_claim", "fresh_no_teacher", "fresh_features"]
        assert [*arms] == labels_of(item) == ["method", "no teacher", "feature matching"]
        wrong = replace(item, claim=replace(claim_of(item), baselines={"features": "fresh_feature"}))  # type: ignore[type-var]
        with pytest.raises(UsageError, match="unknown recipe 'fresh_feature' in baselines of the claim 'fresh_claim'"):
            arms_of(wrong)  # type: ignore[arg-type]
        for changes in ({"baselines": {}}, {"decides": "luck"}):
            with pytest.raises(UsageError, match="it needs one that decides"):
                arms_of(replace(item, claim=replace(claim_of(item), **changes)))  # type: ignore[arg-type, type-var]


def test_a_recipe_without_a_claim_says_so():
    with pytest.raises(UsageError, match="recipe 'icons' claims nothing"):
        claim_of(icons())

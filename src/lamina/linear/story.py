"""What a linear autoencoder found, in words."""

from __future__ import annotations

from typing import Any


def count(number: int, noun: str) -> str:
    """Return "1 mode", "2 modes"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def summary(model: Any) -> str:
    """Return the story of a fitted `LinearAutoencoder`, line by line."""
    d, m = model.n_features_in_, model.n_components_
    samples, alone = count(model.n_samples_, "sample"), model._factor.total / model.n_samples_ / 2
    whole = model.is_exact_ and len(model.spectrum_) >= model.rank_limit_
    rank = f"{model.rank_}" if whole else f"{model.rank_} or more"
    kept = float(model.explained_variance_ratio_.sum())
    return "\n".join(
        [
            f"linear autoencoder {d} -> {m} -> {d}, {_how(model)}, {samples}",
            f"rank at most {m}; the data allow {model.rank_limit_} and have rank {rank}",
            f"{_verdict(model)}, without a code {alone:.6g}",
            *_of_training(model),
            f"the code keeps {'' if model.is_exact_ else 'at least '}{kept:.1%} of the sum of "
            f"squares",
        ]
    )


def _how(model: Any) -> str:
    if hasattr(model, "gap_"):
        return f"trained by {model.solver}, {count(model.n_iter_, 'epoch')}"
    if model.is_exact_:
        return "by singular values"
    return f"estimated from {count(len(model._factor.rows), 'row')} kept"


def _verdict(model: Any) -> str:
    error = f"{model.reconstruction_error_:.6g}"
    if not model.is_exact_:
        return f"reconstruction error at most {error}, as is the least of this rank"
    if hasattr(model, "gap_"):
        return (
            f"reconstruction error of transform and back {error}, "
            f"the least of this rank {model.optimum_:.6g} (Eckart-Young)"
        )
    return f"reconstruction error {error}, the least of this rank (Eckart-Young)"


def _of_training(model: Any) -> list[str]:
    """Return the words that keep `gap_` and `reconstruction_error_` apart."""
    if not hasattr(model, "gap_"):
        return []
    return [
        "transform projects on the space that was learnt, by components_; the trained encoder_ and "
        f"decoder_ themselves have a loss above the least by {model.gap_:.1e} of it"
    ]

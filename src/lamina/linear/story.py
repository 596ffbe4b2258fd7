"""What a linear autoencoder found, in words."""

from __future__ import annotations

from typing import Any


def summary(model: Any) -> str:
    """Return the story of a fitted `LinearAutoencoder`, line by line."""
    d, m, n = model.n_features_in_, model.n_components_, model.n_samples_
    trained = hasattr(model, "gap_")
    how = f"trained by {model.solver}, {model.n_iter_} epochs" if trained else "by singular values"
    rank = (
        f"{model.rank_}" if len(model.spectrum_) >= model.rank_limit_ else f"{model.rank_} or more"
    )
    error, alone = model.reconstruction_error_, 0.5 * model._factor.total / n
    if trained:
        verdict = (
            f"reconstruction error {error:.6g}, the least of this rank {model.optimum_:.6g} "
            f"(Eckart-Young), without a code {alone:.6g}\n"
            f"relative gap of encoder and decoder to the least: {model.gap_:.1e}"
        )
    else:
        verdict = (
            f"reconstruction error {error:.6g}, the least of this rank (Eckart-Young), "
            f"without a code {alone:.6g}"
        )
    kept = float(model.explained_variance_ratio_.sum())
    return (
        f"linear autoencoder {d} -> {m} -> {d}, {how}, {n} samples\n"
        f"rank at most {m}; the data allow {model.rank_limit_} and have rank {rank}\n"
        f"{verdict}\n"
        f"the code keeps {kept:.1%} of the sum of squares"
    )

"""Networks of linear layers: autoencoders, deep linear networks and how they learn (note 003)."""

from lamina.linear.affine import AffineLayer, collapse
from lamina.linear.autoencoder import LinearAutoencoder
from lamina.linear.deep import DeepLinear
from lamina.linear.identities import IdentityTable, MatrixIdentity, matrix_identities
from lamina.linear.modes import ModeDynamics, learning_time, mode_solution
from lamina.linear.moments import Modes, Moments
from lamina.linear.superposition import Counterexample, Superposition, superposition

__all__ = [
    "AffineLayer",
    "Counterexample",
    "DeepLinear",
    "IdentityTable",
    "LinearAutoencoder",
    "MatrixIdentity",
    "ModeDynamics",
    "Modes",
    "Moments",
    "Superposition",
    "collapse",
    "learning_time",
    "matrix_identities",
    "mode_solution",
    "superposition",
]

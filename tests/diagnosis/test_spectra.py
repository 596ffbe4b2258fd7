"""Singular values of the snapshots, against SciPy's of matrices known before."""

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
from sklearn.datasets import load_iris

import lamina
from lamina.diagnosis import spectra
from lamina.plan.checks import ArgumentError

X, Y = load_iris(return_X_y=True)


def fitted(**options):
    options = {"max_iter": 10, "diagnose": True, **options}
    return lamina.MLPClassifier((8, 3), random_state=0, **options).fit(X, Y)


def test_values_are_those_of_the_weights_at_each_epoch():
    model = fitted(diagnose=lamina.Recorder(snapshots=4))
    found = spectra(model.record_)
    assert [own.shape[1] for own in found] == [4, 3, 3]
    for values, weights in zip(found, model.coefs_, strict=True):
        np.testing.assert_allclose(values[-1], scipy.linalg.svdvals(weights), rtol=1e-10)
        assert (np.diff(values) <= 0).all()
    for i, (epoch, _) in enumerate(model.record_.snapshots[1:], 1):
        shorter = fitted(max_iter=epoch)
        expected = scipy.linalg.svdvals(shorter.coefs_[0])
        np.testing.assert_allclose(found[0][i], expected, rtol=1e-10)


def test_what_is_known_of_a_matrix_is_found():
    record = fitted().record_
    turned = scipy.stats.ortho_group.rvs(8, random_state=0)[:4]
    record.snapshots[0][1][0][0][:] = np.diag([3.0, 2.0, 1.0, 0.5]) @ turned
    np.testing.assert_allclose(spectra(record)[0][0], [3, 2, 1, 0.5])
    record.snapshots[0][1][0][0][0, 0] = np.inf
    assert np.isnan(spectra(record)[0][0]).all() and np.isfinite(spectra(record)[0][1]).all()


def test_float32_is_taken_in_float64():
    model = lamina.MLPClassifier((8,), max_iter=2, random_state=0, diagnose=True)
    assert spectra(model.fit(X.astype(np.float32), Y).record_)[0].dtype == np.float64


def test_bad_arguments_are_named():
    with pytest.raises(ArgumentError, match="record must be a Record"):
        spectra(fitted())
    with pytest.raises(ArgumentError, match=r"Recorder\(snapshots=16\)"):
        spectra(fitted(diagnose=lamina.Recorder(snapshots=0)).record_)

"""A fitted network as a page of HTML that needs nothing but itself.

A page is a row of sections (`lamina.report.sections`), each a function of a `Subject` that returns
what it has to say, or None. Nothing here is computed that the estimator does not know: numbers come
from it, from scikit-learn's metrics and from `lamina.diagnose`.
"""

from lamina.report.describe import describe
from lamina.report.document import page, write
from lamina.report.subject import Answers, HeldOut, Score, Subject

__all__ = ["Answers", "HeldOut", "Score", "Subject", "describe", "page", "write"]

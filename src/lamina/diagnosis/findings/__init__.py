"""Findings: what is wrong with a training, in words, with numbers and what to change.

Each detector is a small function from `Evidence` to a `Finding` or None, in the file of its family;
its thresholds stand at the head of the file with their reasons. `ranking` has the list of all, and
what explains what.
"""

from lamina.diagnosis.findings import alike
from lamina.diagnosis.findings.evidence import Evidence, Knobs
from lamina.diagnosis.findings.finding import SEVERITIES, Finding, Findings
from lamina.diagnosis.findings.ranking import NAMES, find

__all__ = ["NAMES", "SEVERITIES", "Evidence", "Finding", "Findings", "Knobs", "alike", "find"]

"""The agent on a managed device: measures, stores while offline, sends."""

__version__ = "0.1.0"
PROTOCOL = 1  # of the envelope of a batch and of the enrolment

"""Why something did not start, in a sentence for people."""


class StartProblem(Exception):
    """The start cannot go on; the text says why and what to do, and is shown without a traceback."""

"""Mistakes that a user can mend. Commands print them as one sentence and leave with exit code 1."""


class UserError(Exception):
    """Something given by the user is wrong; the message is one sentence that names it and the way out."""


class DataError(UserError):
    """A data file is missing, damaged or holds something other than images of the expected size."""


class ContractError(UserError):
    """A snapshot breaks a rule of the contest's contract; the message says which."""


class StateError(UserError):
    """A training directory cannot be used as asked: not writable, full, or of other networks."""

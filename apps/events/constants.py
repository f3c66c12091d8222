"""Numbers of the event machinery, units in the names."""

CLOCK_TOLERANCE_SECONDS = 90  # beyond it times are shifted by the measured offset
ROUND_TRIP_LIMIT_MS = 10_000  # longer than the collectors' time-out no request takes
FUTURE_TOLERANCE_SECONDS = 3_600  # after the shift; a later event is refused as in_future
BATCH_RECORDS_LIMIT = 2_000
COMMAS_LIMIT = 600_000  # of a body: 2,000 records have fewer, an array of millions has more
REPORTS_LIMIT = 100  # inventory parts, and kinds with losses, of one batch
INVENTORY_ITEMS_LIMIT = 10_000  # of all parts of one batch; packages alone may have 5,000
BATCH_ANSWER_LIMIT_BYTES = 4_096  # above it the kept answer counts refusals by code
BATCH_NOTE_DAYS = 30  # the collectors' retry window
ID_BLOCK_SIZE = 10_000  # ids a process draws at once; INCREMENT BY of the sequence
ROLL_UP_GRACE_SECONDS = 3_600  # after the end of a day, before it is rolled up as a whole
ROLL_UP_RETRY_SECONDS = 3_600  # for a day that could not be recomputed
ROLL_UP_CHUNK = 500  # (device, day) keys of one transaction
INT8_MAX = 2**63 - 1
FLOAT_MAX = 1e15  # no measure is larger; a day's sum of such still is a number

"""`python -m dex_collector`."""

import sys

from dex_collector.cli import main

sys.exit(main())

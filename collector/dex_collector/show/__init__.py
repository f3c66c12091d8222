"""What an employee sees of the collector: `dex-collector show`."""

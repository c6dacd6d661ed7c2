"""Everything on one machine: the command line, embedded servers, supervised processes, demo data."""

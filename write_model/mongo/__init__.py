"""MongoDB: loads, group commit, journal, receipts."""

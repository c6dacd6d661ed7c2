"""Every answer of the contract, computed from the journal in the plainest way. Knows none of our code."""

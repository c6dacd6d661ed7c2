"""`orderstream events`: the journal, as it is written and as it stands."""

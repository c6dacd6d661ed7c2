"""`orderstream verify`: folds the journal again, and compares with all that was made of it."""

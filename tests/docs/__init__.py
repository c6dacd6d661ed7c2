"""What docs/ says is so: pages that are made from the code, links that lead somewhere."""

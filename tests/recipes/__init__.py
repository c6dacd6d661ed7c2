"""What the documentation for frontend developers says, run: the recipes under Node, through a network that fails."""

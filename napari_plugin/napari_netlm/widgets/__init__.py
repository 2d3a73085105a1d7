"""Qt widgets: they show and emit; what they show is made elsewhere."""

"""What a process shows its operators: logs, metrics, traces. Mechanisms alone; it knows none of the other packages."""

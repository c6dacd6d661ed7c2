"""What users do, against the real processes: HTTP and WebSocket only."""

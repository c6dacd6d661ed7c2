"""Orders: from placed to delivered, or cancelled."""

"""What a person types after `fakeid`, one file a command."""

"""Cold start: from starting the process to its first answer, through Lambda's own runtime interface client."""

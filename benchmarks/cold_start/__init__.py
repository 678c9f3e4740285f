"""Cold start: from exec to the first answer, through Lambda's own runtime interface client."""

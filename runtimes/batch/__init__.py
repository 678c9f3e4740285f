"""The batch job: rows from files, through the model, into files; nothing lost, nothing doubled."""

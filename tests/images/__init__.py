"""Images of batch jobs, built and run by a container engine without any registry."""

"""What is counted on a device, kept while it is offline, and sent."""

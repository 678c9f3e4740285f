"""Signs bundles into a repository of releases: the folder that devices take their updates from."""

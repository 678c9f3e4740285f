"""What runs the shards of a plan: threads of this process, Ray's tasks, or the children of an array job."""

"""The main job from end to end: source files, builds, answers of the artifacts."""

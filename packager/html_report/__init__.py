"""`packager report`: all that is known of an artifact, as one HTML file that opens offline."""

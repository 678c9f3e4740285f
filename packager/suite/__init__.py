"""Published models, run through convert, optimize, package and bench by one command, into one table."""

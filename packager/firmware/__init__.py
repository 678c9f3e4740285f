"""Models as C for a microcontroller: generated, measured for the part, and asked on an emulated board."""

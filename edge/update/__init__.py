"""Updates of the bundle on a device: two slots and an atomic switch (``python -m edge.update``)."""

# Not the docstring, which byte-code on a device leaves out.
ABOUT = """Updates of the bundle on this device: two slots and an atomic switch.

    python -m edge.update init --home HOME --trust REPO/trust BUNDLE   the first bundle of a device
    python -m edge.update [--home HOME] --from URL|DIR                 bring the newest release, let it serve
    python -m edge.update [--home HOME] status [--json]                which version serves, and what happened
    python -m edge.update [--home HOME] rollback                       back to the version before
    python -m edge.update [--home HOME] recover [--confirm]            at boot, before the model is opened
    python -m edge.update [--home HOME] confirm                        the version on trial is good
    python -m edge.update check                                        whether this bundle's updater is whole

HOME is by default EDGE_HOME, or the one whose slot this code lies in. Exit codes: 0 done, 1 the disk or the
home, 2 the command line, 3 nothing new, 4 refused (not trusted, not for this device, golden inputs failed
before the switch), 5 went back (failed after the switch), 6 another updater is at work, 7 no room, 8 the
source cannot be read now, 130 interrupted. After any of them a whole version serves.
"""

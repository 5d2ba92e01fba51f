"""What each source is asked for each kind, given what is stored: one coroutine per chain link.

Each asks for all it needs at once (two dependent steps at most), keeps what came, and raises a
``ProviderError`` when its answer does not bring the kind up to the present, so that the chain goes
on to the next source. What did come is kept even then.
"""

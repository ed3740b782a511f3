"""The parts of ``fit_lens.py``: samples, states, the two kinds of fit, the loop, the file."""

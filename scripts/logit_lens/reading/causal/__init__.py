"""What the answer needs: the decoder is run again on changed inputs, with the answer fixed.

``rerun.py`` calls the decoder again on what entered it; ``ablate.py`` replaces patches there,
``knockout.py`` blocks attention by layers, ``attribute.py`` splits the answer's logits into what
each part wrote. None of them knows pages or the command line.
"""

"""Further lenses: what is done to a state before final norm and unembedding read it. Speaks torch.

``lens.py`` is the seam, ``files.py`` and ``ours.py`` know the formats, ``places.py`` what a name
stands for, ``load.py`` whether a lens belongs to the model, ``read.py`` the record's arrays.
"""

"""Two records side by side: which cells belong together, and how far apart they are.

Pure NumPy on what records hold; ``reading/against.py`` adds what only two live models know.
"""

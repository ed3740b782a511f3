"""One picture and one question → one record: prompt, answer, residual stream, lens. Speaks torch.

Does not know the command line, files or pages. ``pipeline.py`` tells the main path.
"""

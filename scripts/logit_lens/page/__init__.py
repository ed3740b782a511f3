"""A record → one self-contained HTML file, and the index of a folder. Does not import torch."""

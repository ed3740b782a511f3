"""Where each image position lies on the picture, for every family. Does not import torch."""

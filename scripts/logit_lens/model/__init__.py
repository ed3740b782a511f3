"""A checkpoint, loaded for reading: weights, processor, where its layers are. Speaks torch.

Does not know prompts, lenses, pages or the command line.
"""

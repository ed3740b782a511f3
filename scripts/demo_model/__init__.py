"""The embedded demo model: synthetic scenes, a small LLaVA, its training and its examination.

In the order of the work: `drawing`, `scenes` and `views` make pictures with the truth known,
`questions` asks about them, `build` makes the untrained model, `batches` and `losses` say what is
taught, `stages` and `language` teach it, `peek` and `evaluate` examine it, and `pictures` draws
images/.
"""

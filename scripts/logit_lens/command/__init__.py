"""The command line: arguments, which images, what is finished already, what is said meanwhile.

Imports torch only by way of ``model`` and ``reading``, and only when there is something to read.
"""

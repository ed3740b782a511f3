"""The parts of `measure.py`: pictures with known masks, what is measured, tables."""

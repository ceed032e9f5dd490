"""The simulator: a believable GB electricity market, written as the six extracts."""

from pipeline.simulate.run import SimulationSummary, simulate

__all__ = ["SimulationSummary", "simulate"]

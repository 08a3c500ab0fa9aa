"""A shop simulated from known truth: raw tables for the warehouse, the truth apart."""

from forecaster.demo.clock import BUSINESS_TIME_ZONE
from forecaster.demo.simulation import DemoSummary, simulate
from forecaster.demo.size import SIZES

__all__ = ["BUSINESS_TIME_ZONE", "SIZES", "DemoSummary", "simulate"]

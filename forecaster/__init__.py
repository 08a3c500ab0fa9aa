"""Demand forecasts that live in the warehouse: the Python half of a dbt project."""

__version__ = "0.1.0"

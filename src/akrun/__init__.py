"""The pipeline runtime of custom channels."""

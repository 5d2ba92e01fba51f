"""What measures signals: outcomes, base rates, calibration. Pure numpy and arithmetic."""

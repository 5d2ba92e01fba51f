"""Liquidation streams of the venues: listened to, summed in buckets, kept as far as watched."""

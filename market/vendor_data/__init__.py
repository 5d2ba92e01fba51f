"""What the paid vendors say, asked for by clients: one service per vendor, behind `market/api`.

Each asks through the provider runtime at the clients' expense (``direct``) and shapes the answer to
the key names that users of the service know. Nothing here enters a signal.
"""

"""The language server of channel files: what an editor shows and does, as functions of a text and an offset.

`documents.py` holds what is known of an open file. Each feature is one file and knows nothing of the
protocol; `server.py` and `convert.py` speak it, and alone need pygls.
"""

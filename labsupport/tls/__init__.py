"""TLS: records of handshakes, handshakes in memory, and the live server pair."""

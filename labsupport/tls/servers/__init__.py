"""The live pair: server1, an exposed proxy, in front of server2, which answers only clients it trusts."""

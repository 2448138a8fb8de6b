"""Each transport against one shared contract, on a loopback server that misbehaves."""

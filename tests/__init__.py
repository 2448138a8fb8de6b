"""The test suite; a package, so that its servers can be started as modules."""

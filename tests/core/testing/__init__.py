"""The test kit, tested: a tenant that is wrong would make every other test wrong."""

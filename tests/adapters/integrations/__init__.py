"""Tests of the application inside other people's frameworks."""

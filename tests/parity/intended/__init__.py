"""The intended differences, by what they are about; `differences` puts them together."""
